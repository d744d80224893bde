/* tickloom.h: what a native kernel and tickloom promise each other (ABI version 1).
 *
 * A native kernel is one function of a shared library:
 *
 *     int32_t NAME(int64_t contracts, const int64_t *offsets,
 *                  <one pointer for each column>, <one pointer for each clock field>,
 *                  const <constants> *constants, int32_t *wanted);
 *
 * contracts   Number of contracts, 0 or more.
 * offsets     contracts + 1 row numbers, never decreasing, the first one 0: contract c owns the
 *             rows offsets[c] up to and without offsets[c + 1]. There are offsets[contracts] rows.
 * columns     In the order of the kernel's registration, one value a row: double for prices and
 *             strike (a missing value is NaN), int64_t for all else (a missing value is 0; dates
 *             are days since 1970-01-01, datetimes microseconds). Rows whose price is missing, NaN
 *             or not positive are taken out before: price is always a positive number.
 * clock       In the order of the registration, one value a row: time_of_day (int64_t, nanoseconds
 *             since midnight), time_to_expiry (int64_t, nanoseconds to the end of the expiry day),
 *             strike (double), is_call (int64_t, 1 or 0).
 * constants   A struct of the fields that prepare returns (without it: of the parameters), in their
 *             order, 8 bytes each: double for float, int64_t for int and bool.
 * wanted      One value a row, zero at the call: the function writes the position to hold after the
 *             row, contracts, negative for short, within the kernel's max_position. What it writes
 *             for a contract's first row is not used: the first tick never trades. At a contract's
 *             last row tickloom closes the position itself.
 *
 * The function returns TICKLOOM_OK, or another number to stop the run with an error. It must not
 * write to its inputs, keep pointers, or have state: it is called from several threads at once, on
 * any split of the contracts, and must give the same answer every time.
 *
 * tickloom kernels list NAME prints the exact signature of a registered kernel.
 */

#ifndef TICKLOOM_H
#define TICKLOOM_H

#include <stdint.h>

#define TICKLOOM_ABI_VERSION 1
#define TICKLOOM_OK 0

#ifdef __cplusplus
#define TICKLOOM_LINKAGE extern "C"
#else
#define TICKLOOM_LINKAGE
#endif

#ifdef _WIN32
#define TICKLOOM_EXPORT TICKLOOM_LINKAGE __declspec(dllexport)
#else
#define TICKLOOM_EXPORT TICKLOOM_LINKAGE __attribute__((visibility("default")))
#endif

#endif
