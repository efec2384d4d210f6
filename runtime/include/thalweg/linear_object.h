/* The functions of linear.h as an object file, which archives of rules that call them carry. */
#ifndef THALWEG_LINEAR_OBJECT_H
#define THALWEG_LINEAR_OBJECT_H

#ifdef __cplusplus
extern "C" {
#endif

extern const char tw_linear_object[];
extern const char tw_linear_object_end[];

#ifdef __cplusplus
}
#endif
#endif
