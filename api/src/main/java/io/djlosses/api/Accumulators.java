/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import java.util.HashMap;
import java.util.Map;

/** The sums behind a loss's accumulators. Thread-safe. */
final class Accumulators {

    private final String loss;
    private final Map<String, Total> totals = new HashMap<>();

    Accumulators(String loss) {
        this.loss = loss;
    }

    synchronized void add(String key) {
        totals.put(key, Total.NOTHING);
    }

    synchronized void update(String[] keys, double numerator, double denominator) {
        for (String key : keys) {
            totals.put(key, get(key).plus(numerator, denominator));
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

    /** What one accumulator has seen. */
    record Total(double numerator, double denominator, long updates) {

        static final Total NOTHING = new Total(0, 0, 0);

        Total plus(double moreNumerator, double moreDenominator) {
            return new Total(numerator + moreNumerator, denominator + moreDenominator, updates + 1);
        }
    }
}
