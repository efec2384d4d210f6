"""The number stream of the fixtures, small enough to be written again in any language.

splitmix64: state += 0x9E3779B97F4A7C15, then three xor-shift-multiply rounds (see `word`).
  uniform:   2*(word >> 11)*2^-53 - 1, in [-1, 1)
  magnitude: k = word >> 61;  k = 0: the value is 0,  else uniform * 2^(k - 5), the uniform drawn
             after k, and drawn also when k = 0
stream.h is the C++ twin; its test reads the samples stored in the fixtures.

`philox_normals` are the language's own draws, written from their description in
runtime/include/thalweg/random.h and compiler/ir/math/random.h, with NumPy's functions.
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


def philox(counter, key):
    """The ten rounds of Philox4x32 (Salmon et al. 2011) on four words of 32 bits."""
    a, b, c, d = counter
    key0, key1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        low, high = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (high >> 32) ^ b ^ key0, high & 0xFFFFFFFF, (low >> 32) ^ d ^ key1, low & 0xFFFFFFFF
        key0, key1 = (key0 + 0x9E3779B9) & 0xFFFFFFFF, (key1 + 0xBB67AE85) & 0xFFFFFFFF
    return a, b, c, d


def philox_normals(seed, name, site, step, count):
    """Standard normal numbers of the first elements of a stream, in f64: pairs by Box and Muller."""
    import numpy

    mixed = philox((name & 0xFFFFFFFF, name >> 32, site, 0), seed)
    key = mixed[0] | mixed[1] << 32
    bits = []
    for number in range((count + 3) // 4):
        upper, lower = (
            philox((n & 0xFFFFFFFF, n >> 32, step & 0xFFFFFFFF, step >> 32), key) for n in (number, number | 1 << 63)
        )
        bits += [a << 32 | b for a, b in zip(upper, lower)]
    odd = [b | 1 for b in bits[::2]]
    logs = [numpy.log(b / 2.0**64) if b < 1 << 63 else numpy.log1p(-((1 << 64) - b) / 2.0**64) for b in odd]
    length = numpy.sqrt(-2 * numpy.array(logs))
    # The upper two bits of a direction turn half around and swap the axes, the next 52 are the angle.
    cells = numpy.array([(b >> 10) % (1 << 52) + 0.5 for b in bits[1::2]]) / 2.0**52
    angle = (cells - 0.5) * (numpy.pi / 2)
    pair = numpy.array([numpy.cos(angle), numpy.sin(angle)]) * length
    pair *= numpy.array([-1.0 if b >> 63 else 1.0 for b in bits[1::2]])
    pair = numpy.array([(s, c) if b >> 62 & 1 else (c, s) for b, c, s in zip(bits[1::2], *pair)])
    return pair.reshape(-1)[:count]
