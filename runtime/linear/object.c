/* The bytes of the object file of this folder's functions, for archives that `thalweg build` makes.
 */
#include "thalweg/linear_object.h"

__asm__(".section .rodata\n"
        ".balign 16\n"
        ".global tw_linear_object\n"
        "tw_linear_object:\n"
        ".incbin \"" TW_LINEAR_FILE "\"\n"
        ".global tw_linear_object_end\n"
        "tw_linear_object_end:\n"
        ".byte 0\n"
        ".text\n");
