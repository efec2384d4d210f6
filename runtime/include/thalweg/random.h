/* Counter-based random bits (Philox4x32-10): those of a draw are a pure function of its key and its
   element, so they are the same on any number of threads, after a resume and in a library. */
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

/* A block of a stream: the step and a number are the counter. */
static inline tw_block tw_block_at(uint64_t stream, int64_t step, uint64_t number) {
  const uint64_t time = (uint64_t)step;
  const tw_block counter = {
      {(uint32_t)number, (uint32_t)(number >> 32), (uint32_t)time, (uint32_t)(time >> 32)}};
  return tw_philox(counter, stream);
}

/* What one element of a draw gets of its stream.

   Real numbers: a word, four elements to a block. In f64 it is the upper half of 64 bits, of which
   the lower one is the same word of a block of its own kind. So draws in f32 and f64 agree.
   Signs: a bit, 128 elements to a block. */
static inline uint32_t tw_word(uint64_t stream, int64_t step, uint64_t element) {
  return tw_block_at(stream, step, element >> 2).word[element & 3];
}
static inline uint64_t tw_long_word(uint64_t stream, int64_t step, uint64_t element) {
  const uint64_t upper = tw_word(stream, step, element);
  const uint64_t lower_block = element >> 2 | UINT64_C(1) << 63;
  return upper << 32 | tw_block_at(stream, step, lower_block).word[element & 3];
}
static inline int tw_coin(uint64_t stream, int64_t step, uint64_t element) {
  return (int)(tw_block_at(stream, step, element >> 7).word[element >> 5 & 3] >> (element & 31) &
               1);
}

/* 64 bits for whole numbers, two elements to a block. */
static inline uint64_t tw_bits(uint64_t stream, int64_t step, uint64_t element) {
  const tw_block block = tw_block_at(stream, step, element >> 1);
  const int at = (int)(element & 1) * 2;
  return (uint64_t)block.word[at] | (uint64_t)block.word[at + 1] << 32;
}

/* A whole number in 0 .. bound-1 (bound > 0): the high half of bits * bound. The bias is at most
   bound / 2^64. */
static inline uint64_t tw_below(uint64_t bits, uint64_t bound) {
  const uint64_t a = bits >> 32, b = bits & UINT64_C(0xffffffff);
  const uint64_t c = bound >> 32, d = bound & UINT64_C(0xffffffff);
  const uint64_t middle = (b * d >> 32) + (a * d & UINT64_C(0xffffffff)) + b * c;
  return a * c + (a * d >> 32) + (middle >> 32);
}

#ifdef __cplusplus
}
#endif
#endif
