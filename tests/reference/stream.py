"""The number stream of the fixtures, small enough to be written again in any language.

splitmix64: state += 0x9E3779B97F4A7C15, then three xor-shift-multiply rounds (see `word`).
  uniform:   2*(word >> 11)*2^-53 - 1, in [-1, 1)
  magnitude: k = word >> 61;  k = 0: the value is 0,  else uniform * 2^(k - 5), the uniform drawn
             after k, and drawn also when k = 0
stream.h is the C++ twin; its test reads the samples stored in the fixtures.
"""
MASK = (1 << 64) - 1


class Stream:
    def __init__(self, seed):
        self.state = seed & MASK

    def word(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def uniform(self):
        return 2 * ((self.word() >> 11) * 2.0**-53) - 1

    def magnitude(self):
        k = self.word() >> 61
        u = self.uniform()
        return 0.0 if k == 0 else u * 2.0 ** (k - 5)
