/* Wants what the column qty says: the loop of scripted.py in C. */

#include "tickloom.h"

TICKLOOM_EXPORT int32_t scripted(int64_t contracts, const int64_t *offsets, const double *price,
                                 const int64_t *qty, const void *constants, int32_t *wanted) {
    (void)price;
    (void)constants;
    for (int64_t row = offsets[0]; row < offsets[contracts]; row++)
        wanted[row] = (int32_t)qty[row];
    return TICKLOOM_OK;
}
