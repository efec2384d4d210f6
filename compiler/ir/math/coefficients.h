// Coefficients of the element functions, written by tests/math/fit_polynomials.py.
#pragma once

namespace thalweg::math::coefficients {

// clang-format off
// Every table is in ascending powers; the F32 values are floats exactly.

// (exp(r) - 1 - r) / r^2, |r| <= ln2/2; error relative to expm1(r)
// error 2^-26.1
inline constexpr double kExpF32[] = {
    0x1.0000000000000p-1,
    0x1.5554aa0000000p-3,
    0x1.5555380000000p-5,
    0x1.122c520000000p-7,
    0x1.6cd7a40000000p-10};
// error 2^-55.6
inline constexpr double kExpF64[] = {
    0x1.0000000000005p-1,
    0x1.555555555555cp-3,
    0x1.55555555520f8p-5,
    0x1.111111110e7d2p-7,
    0x1.6c16c17f362a1p-10,
    0x1.a01a01b58e5cdp-13,
    0x1.a019a689c2523p-16,
    0x1.71ddea99249b0p-19,
    0x1.28a2a7b49dc16p-22,
    0x1.af75d462da506p-26};

// f32: (log(1+f) - f + f^2/2) / f^3, sqrt(1/2) <= 1+f <= sqrt(2); f64: (2 atanh(s)/s - 2) / z, z = s^2, s = f/(2+f)
// error 2^-27.3
inline constexpr double kLogF32[] = {
    0x1.5555540000000p-2,
    -0x1.0002280000000p-2,
    0x1.99a01e0000000p-3,
    -0x1.5472140000000p-3,
    0x1.22d9760000000p-3,
    -0x1.0d87700000000p-3,
    0x1.055a6e0000000p-3,
    -0x1.3899c20000000p-4};
// error 2^-59.5
inline constexpr double kLogF64[] = {
    0x1.5555555555592p-1,
    0x1.999999997ff08p-2,
    0x1.24924941e2decp-2,
    0x1.c71c5212b5cf7p-3,
    0x1.74663d512217fp-3,
    0x1.39a1dd652abf0p-3,
    0x1.2f04391e4aa41p-3};

// (log2(m)/s - c1 - c3 z) / z^2, z = s^2, s = (m-1)/(m+1), sqrt(1/2) <= m <= sqrt(2)
// error 2^-36.8
inline constexpr double kPowLogF32[] = {
    0x1.27770e0000000p-1,
    0x1.a5bbfa0000000p-2,
    0x1.59ee020000000p-2};
// error 2^-66.3
inline constexpr double kPowLogF64[] = {
    0x1.2776c50ef9d24p-1,
    0x1.a61762a759840p-2,
    0x1.484b1421995a5p-2,
    0x1.0c9a63d692888p-2,
    0x1.c69f8c2e8a101p-3,
    0x1.87b0befd8b8fep-3,
    0x1.85e93bc5c41dcp-3};

// (sin(r)/r - 1) / z, z = r^2, |r| <= pi/4 and a little
// error 2^-32.2
inline constexpr double kSinF32[] = {
    -0x1.5555560000000p-3,
    0x1.1111660000000p-7,
    -0x1.a047380000000p-13,
    0x1.76daee0000000p-19};
// error 2^-57.8
inline constexpr double kSinF64[] = {
    -0x1.5555555555547p-3,
    0x1.111111110f595p-7,
    -0x1.a01a019bb43e3p-13,
    0x1.71de352627438p-19,
    -0x1.ae5e25e7692bdp-26,
    0x1.5d8039578c9d3p-33};

// (cos(r) - 1 + z/2) / z^2, z = r^2, same interval
// error 2^-32.2
inline constexpr double kCosF32[] = {
    0x1.5555460000000p-5,
    -0x1.6c09a80000000p-10,
    0x1.9930e80000000p-16};
// error 2^-64.1
inline constexpr double kCosF64[] = {
    0x1.555555555554bp-5,
    -0x1.6c16c16c14ffep-10,
    0x1.a01a019c8a557p-16,
    -0x1.27e4f7ec36b52p-22,
    0x1.1ee9d6ee76ad6p-29,
    -0x1.8fa361d341bf3p-37};

// (tanh(x)/x - 1) / z, z = x^2, |x| <= 5/8
// error 2^-27.7
inline constexpr double kTanhF32[] = {
    -0x1.5555320000000p-2,
    0x1.1106f60000000p-3,
    -0x1.b835a80000000p-5,
    0x1.51f9060000000p-6,
    -0x1.750e560000000p-8};
// error 2^-56.4
inline constexpr double kTanhF64[] = {
    -0x1.55555555554fep-2,
    0x1.111111110ab88p-3,
    -0x1.ba1ba1b4f7972p-5,
    0x1.664f47783c5dcp-6,
    -0x1.226e15e7a78d5p-7,
    0x1.d6cf1f7b2a832p-9,
    -0x1.7d684b63cfebbp-10,
    0x1.3363d50b867b3p-11,
    -0x1.df435dfcff587p-13,
    0x1.4367f553e4545p-14,
    -0x1.0d5692c7189afp-16};

// (sinh(x)/x - 1) / z, z = x^2, |x| <= 1
// error 2^-31.6
inline constexpr double kSinhF32[] = {
    0x1.5555560000000p-3,
    0x1.1110e00000000p-7,
    0x1.a022bc0000000p-13,
    0x1.756c1c0000000p-19};
// error 2^-63.0
inline constexpr double kSinhF64[] = {
    0x1.5555555555555p-3,
    0x1.111111111119bp-7,
    0x1.a01a01a00735bp-13,
    0x1.71de3a68d0375p-19,
    0x1.ae64412287456p-26,
    0x1.61314d653a7c7p-33,
    0x1.a665427bf9f38p-41,
    0x1.d29fcfd577a0bp-48};

// (atan(x)/x - 1) / z, z = x^2, |x| <= 1
// error 2^-28.5
inline constexpr double kAtanF32[] = {
    -0x1.55553e0000000p-2,
    0x1.9991e40000000p-3,
    -0x1.2420860000000p-3,
    0x1.c08c500000000p-4,
    -0x1.58092e0000000p-4,
    0x1.da2a7a0000000p-5,
    -0x1.fd7f340000000p-6,
    0x1.6426220000000p-7,
    -0x1.d35c1c0000000p-10};
// error 2^-57.2
inline constexpr double kAtanF64[] = {
    -0x1.5555555555526p-2,
    0x1.99999999955b2p-3,
    -0x1.249249237f511p-3,
    0x1.c71c717fce939p-4,
    -0x1.745d11ae71084p-4,
    0x1.3b13669aa383bp-4,
    -0x1.110e51325b086p-4,
    0x1.e1bba77240f83p-5,
    -0x1.ae5e7a429d473p-5,
    0x1.82dafd987a558p-5,
    -0x1.59a4895e2e0bep-5,
    0x1.2c2fcf1c6bea4p-5,
    -0x1.e9ffd5e9d1020p-6,
    0x1.684571b5c9226p-6,
    -0x1.c7a3218072a62p-7,
    0x1.d7d8dbd7779e6p-8,
    -0x1.7a5eb02ef0e7dp-9,
    0x1.b43558abcce58p-11,
    -0x1.3f6e36b14e4d0p-13,
    0x1.bc4f2fa5fac07p-17};

// (asin(x)/x - 1) / z, z = x^2, |x| <= 1/2
// error 2^-27.6
inline constexpr double kAsinF32[] = {
    0x1.5555c80000000p-3,
    0x1.3301fc0000000p-4,
    0x1.747d060000000p-5,
    0x1.8c2d8e0000000p-6,
    0x1.596d4a0000000p-5};
// error 2^-55.9
inline constexpr double kAsinF64[] = {
    0x1.555555555538ep-3,
    0x1.333333336ec3bp-4,
    0x1.6db6db424be9ap-5,
    0x1.f1c72c48ca794p-6,
    0x1.6e89f2b37c253p-6,
    0x1.1c6bf9ebc7cadp-6,
    0x1.c6fbd21a31000p-7,
    0x1.8ed0132101762p-7,
    0x1.ab5b202537bddp-8,
    0x1.4046213722824p-6,
    -0x1.0a55dfd567558p-6,
    0x1.059b29440099ap-5};

// erf(x)/x - 1, z = x^2, |x| <= 1
// error 2^-29.4
inline constexpr double kErfF32[] = {
    0x1.06eba80000000p-3,
    -0x1.81273e0000000p-2,
    0x1.ce2ce60000000p-4,
    -0x1.b7f7180000000p-6,
    0x1.53f2020000000p-8,
    -0x1.a34fe80000000p-11,
    0x1.476cc40000000p-14};
// error 2^-56.3
inline constexpr double kErfF64[] = {
    0x1.06eba8214db69p-3,
    -0x1.812746b037a31p-2,
    0x1.ce2f21a046ba4p-4,
    -0x1.b82ce313e1a54p-6,
    0x1.565bcd4b202afp-8,
    -0x1.c02dc0bced3adp-11,
    0x1.f9a4de95dd810p-14,
    -0x1.f4fa1c26777fdp-17,
    0x1.bc5cf50fe46cbp-20,
    -0x1.7a41df5724cacp-23,
    0x1.c37ae0370a9f6p-26,
    -0x1.13ffa12569083p-27,
    0x1.4fccc6004bdcbp-29,
    -0x1.90f1ee6503bd1p-32};

// f32: erfc(u + 5/2), 1 <= u + 5/2 <= 3.95; f64: erfc(x)·exp(x^2) in t = 1/(x+2), 1 <= x <= 6; absolute error of erfc
// error 2^-27.0
inline constexpr double kErfcFarF32[] = {
    0x1.aab8ea0000000p-12,
    -0x1.1d80940000000p-9,
    0x1.64e1fe0000000p-8,
    -0x1.11a8ba0000000p-7,
    0x1.1a91dc0000000p-7,
    -0x1.9076400000000p-8,
    0x1.6e62100000000p-9,
    -0x1.2478c20000000p-11,
    -0x1.0bd7880000000p-12,
    0x1.1990760000000p-12,
    -0x1.5e5f160000000p-14,
    -0x1.1bf7820000000p-16,
    0x1.1696f20000000p-16,
    -0x1.4fda460000000p-21,
    -0x1.10c1b40000000p-20};
// error 2^-59.8
inline constexpr double kErfcFarF64[] = {
    -0x1.a4323d9a2da95p-19,
    0x1.20f613b0b080ep-1,
    0x1.1f8e4cc0aa28ep+0,
    0x1.077cd202ba6dbp+1,
    0x1.e5bfe1b5a513bp+0,
    0x1.3c6a2d9f1ce23p+3,
    -0x1.48f20c7aa4c2dp+5,
    0x1.42743b804392ap+7,
    -0x1.fed3953cace32p+8,
    0x1.f1656a9249766p+9,
    -0x1.2042294fbfed8p+10,
    0x1.76025cda87238p+9,
    -0x1.a844845b0ced8p+7};

// Constants as unevaluated sums. The leading part of ln2 has room for a product with an exponent, so
// that product is exact with or without fma.
inline constexpr double kLn2F32[] = {0x1.62e4000000000p-1, 0x1.7f7d1c0000000p-20};
inline constexpr double kInvLn2F32[] = {0x1.7154760000000p+0, 0x1.4ae0c00000000p-26};
inline constexpr double kHalfPiF32[] = {0x1.921fb60000000p+0, -0x1.777a5c0000000p-25, -0x1.ee59da0000000p-50};
inline constexpr double kPowC1F32[] = {0x1.7154760000000p+1, 0x1.4ae0c00000000p-25};
inline constexpr double kPowC3F32[] = {0x1.ec709e0000000p-1, -0x1.e2fe020000000p-28};
inline constexpr double kLn2F64[] = {0x1.62e42fefa4000p-1, -0x1.8432a1b0e2634p-43};
inline constexpr double kInvLn2F64[] = {0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};
inline constexpr double kHalfPiF64[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110};
inline constexpr double kPowC1F64[] = {0x1.71547652b82fep+1, 0x1.777d0ffda0d24p-55};
inline constexpr double kPowC3F64[] = {0x1.ec709dc3a03fdp-1, 0x1.d27f05548af0cp-55};
// clang-format on

} // namespace thalweg::math::coefficients
