/* Counter-based random numbers (Philox4x32-10): a draw is a pure function of its key and its
   element, so it is the same on any number of threads, after a resume and in a library. */
#ifndef THALWEG_RANDOM_H
#define THALWEG_RANDOM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What names a stream of draws. `name` is tw_name_hash of the parameter's (or purpose's) name,
   `site` the number of the call in the program text, `round` the round of the loop around it,
   `step` is 0 before the first step. */
typedef struct tw_key {
  uint64_t seed;
  uint64_t name;
  uint32_t site;
  uint32_t round;
  int64_t step;
} tw_key;

typedef struct tw_block {
  uint32_t word[4];
} tw_block;

/* FNV-1a over the name's UTF-8 bytes. */
static inline uint64_t tw_name_hash(const char* name, uint64_t length) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (uint64_t i = 0; i < length; ++i)
    hash = (hash ^ (uint8_t)name[i]) * UINT64_C(0x100000001b3);
  return hash;
}

/* The ten rounds of Philox4x32 (Salmon, Moraes, Dror, Shaw 2011). */
static inline tw_block tw_philox(tw_block counter, uint64_t key) {
  uint32_t key0 = (uint32_t)key, key1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t low = UINT64_C(0xD2511F53) * counter.word[0];
    const uint64_t high = UINT64_C(0xCD9E8D57) * counter.word[2];
    const tw_block next = {{(uint32_t)(high >> 32) ^ counter.word[1] ^ key0, (uint32_t)high,
                            (uint32_t)(low >> 32) ^ counter.word[3] ^ key1, (uint32_t)low}};
    counter = next;
    key0 += UINT32_C(0x9E3779B9);
    key1 += UINT32_C(0xBB67AE85);
  }
  return counter;
}

/* The Philox key of a stream: the part of the identity that has no room in the counter is
   enciphered under the seed. Compute it once, then draw any elements of it. */
static inline uint64_t tw_stream(const tw_key* key) {
  const tw_block counter = {
      {(uint32_t)key->name, (uint32_t)(key->name >> 32), key->site, key->round}};
  const tw_block mixed = tw_philox(counter, key->seed);
  return (uint64_t)mixed.word[0] | (uint64_t)mixed.word[1] << 32;
}

/* 64 random bits for one element: two elements share a block, the even one has words 0 and 1. */
static inline uint64_t tw_bits(uint64_t stream, int64_t step, uint64_t element) {
  const uint64_t pair = element >> 1, time = (uint64_t)step;
  const tw_block counter = {
      {(uint32_t)pair, (uint32_t)(pair >> 32), (uint32_t)time, (uint32_t)(time >> 32)}};
  const tw_block block = tw_philox(counter, stream);
  const int at = (int)(element & 1) * 2;
  return (uint64_t)block.word[at] | (uint64_t)block.word[at + 1] << 32;
}

/* The middle of one of 2^52 equal cells of (0, 1): never 0, never 1, exact in a double. */
static inline double tw_unit(uint64_t bits) {
  return ((double)(bits >> 12) + 0.5) * (1.0 / 4503599627370496.0);
}

/* -1 or +1, from the top bit. */
static inline double tw_sign(uint64_t bits) { return bits >> 63 ? 1.0 : -1.0; }

/* A whole number in 0 .. bound-1 (bound > 0): the high half of bits * bound. The bias is at most
   bound / 2^64. */
static inline uint64_t tw_below(uint64_t bits, uint64_t bound) {
  const uint64_t a = bits >> 32, b = bits & UINT64_C(0xffffffff);
  const uint64_t c = bound >> 32, d = bound & UINT64_C(0xffffffff);
  const uint64_t middle = (b * d >> 32) + (a * d & UINT64_C(0xffffffff)) + b * c;
  return a * c + (a * d >> 32) + (middle >> 32);
}

/* The standard normal number at the quantile tw_unit(bits); only + - * / and sqrt are used, so
   the bits are the same on every machine. */
double tw_normal(uint64_t bits);

/* Elements first .. first+count-1 of the stream, written to out[0] ..: cutting a tensor into parts
   gives the same numbers. Float results are the double results rounded. Uniform draws lie in
   [low, high), also after rounding (low <= high; equal bounds give that number). */
void tw_fill_normal_f64(const tw_key* key, uint64_t first, uint64_t count, double mean,
                        double deviation, double* out);
void tw_fill_normal_f32(const tw_key* key, uint64_t first, uint64_t count, double mean,
                        double deviation, float* out);
void tw_fill_uniform_f64(const tw_key* key, uint64_t first, uint64_t count, double low, double high,
                         double* out);
void tw_fill_uniform_f32(const tw_key* key, uint64_t first, uint64_t count, double low, double high,
                         float* out);
void tw_fill_rademacher_f64(const tw_key* key, uint64_t first, uint64_t count, double* out);
void tw_fill_rademacher_f32(const tw_key* key, uint64_t first, uint64_t count, float* out);

#ifdef __cplusplus
}
#endif
#endif
