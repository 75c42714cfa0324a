/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import java.util.HashMap;
import java.util.Map;

/** The sums behind the accumulators of a loss. Thread-safe. */
final class Accumulators {

    private final String loss;
    private final Map<String, Total> totals = new HashMap<>();

    Accumulators(String loss) {
        this.loss = loss;
    }

    synchronized void add(String key) {
        totals.put(key, Total.NOTHING);
    }

    synchronized void update(String[] keys, Total more) {
        for (String key : keys) {
            totals.put(key, get(key).plus(more));
        }
    }

    synchronized void reset(String key) {
        get(key);
        totals.put(key, Total.NOTHING);
    }

    synchronized Total get(String key) {
        Total total = totals.get(key);
        if (total == null) {
            throw new IllegalArgumentException(
                    loss + ": accumulator '" + key + "' must be added with addAccumulator first");
        }
        return total;
    }

    /** The totals of one accumulator. */
    record Total(double numerator, double denominator, long updates) {

        static final Total NOTHING = new Total(0, 0, 0);

        Total plus(Total more) {
            return new Total(
                    numerator + more.numerator,
                    denominator + more.denominator,
                    updates + more.updates);
        }
    }
}
