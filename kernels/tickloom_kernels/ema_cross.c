/* EMA crossover, long only: the step of ema_cross.py over whole contracts. */

#include "tickloom.h"

/* The fields of Constants in ema_cross.py, in their order. */
typedef struct {
    double fast, fast_decay, slow, slow_decay, max_spread;
    int64_t min_volume, by_difference;
} constants_t;

static int is_tight(double bid, double ask, double max_spread) {
    return ask > 0.0 && bid > 0.0 && (ask - bid) / (0.5 * (ask + bid)) <= max_spread;
}

TICKLOOM_EXPORT int32_t ema_cross(int64_t contracts, const int64_t *offsets, const double *price,
                                  const double *bp0, const double *sp0, const int64_t *volume,
                                  const constants_t *k, int32_t *wanted) {
    for (int64_t contract = 0; contract < contracts; contract++) {
        int64_t row = offsets[contract], end = offsets[contract + 1];
        if (row == end)
            continue;
        double fast = price[row], slow = fast;
        int32_t position = 0;
        while (++row < end) {
            if (k->by_difference) {
                fast += k->fast * (price[row] - fast);
                slow += k->slow * (price[row] - slow);
            } else {
                fast = price[row] * k->fast + fast * k->fast_decay;
                slow = price[row] * k->slow + slow * k->slow_decay;
            }
            if (position)
                position = slow < fast;
            else
                position = fast > slow && is_tight(bp0[row], sp0[row], k->max_spread) &&
                           volume[row] >= k->min_volume;
            wanted[row] = position;
        }
    }
    return TICKLOOM_OK;
}
