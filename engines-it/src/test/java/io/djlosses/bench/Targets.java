/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import io.djlosses.examples.catalog.Size;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * A ratio that is not to be exceeded in a step of training with one thread.
 *
 * @param name what it is
 * @param variant the variant
 * @param other the variant it is compared to; {@link #BASE} for native or plain
 * @param single the largest ratio of any row, by size
 * @param median the largest median of the rows, by size
 */
@SuppressWarnings({"ArrayRecordComponent", "EnumOrdinal"}) // never compared; sizes in their order
record Targets(String name, String variant, String other, double[] single, double[] median) {

    static final String BASE = "";

    private static final double[] NONE = {
        Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY
    };

    static List<Targets> of(String base) {
        boolean isNative = Stage.NATIVE.equals(base);
        return List.of(
                isNative
                        ? of("ours / native", Stage.OURS, BASE, of(1.15, 1, 1), of(1, 0.8, 0.65))
                        : of("ours / plain", Stage.OURS, BASE, of(1, 1, 1), of(0.75, 0.75, 0.75)),
                of(
                        "ours / built-in",
                        Stage.OURS,
                        Stage.BUILT_IN,
                        isNative ? of(0.95, 0.95, 0.8) : of(0.95, 0.95, 0.9),
                        NONE),
                of("ours / operator", Stage.OURS, Stage.OPERATOR, of(1, 1, 1), NONE),
                of("accumulator / value", Stage.ACCUMULATOR, "", of(1.1, 1.1, 1.1), NONE),
                of("fraction / evaluate", Stage.FRACTION, Stage.OURS, of(1.1, 1.1, 1.1), NONE),
                of("composite / parts", Stage.OURS, Stage.PARTS, of(1.05, 1.05, 1.05), NONE),
                of("strict / ours", Stage.STRICT, Stage.OURS, NONE, NONE),
                of("sample weights / none", Stage.WEIGHTS, Stage.OURS, NONE, NONE),
                of("MASK / none", Stage.MASK, Stage.OURS, NONE, NONE),
                of("NONE / MEAN", Stage.VALUES, Stage.OURS, NONE, NONE));
    }

    private static Targets of(
            String name, String variant, String other, double[] single, double[] median) {
        return new Targets(name, variant, other, single, median);
    }

    private static double[] of(double s, double m, double l) {
        return new double[] {s, m, l};
    }

    double single(Size size) {
        return single[size.ordinal()];
    }

    double median(Size size) {
        return median[size.ordinal()];
    }

    /** Returns the ratio of a row, null if it was not measured. */
    @Nullable Double ratio(Run.Measurement row) {
        if (variant.equals(Stage.ACCUMULATOR)) {
            Run.Result ours = row.get(Stage.OURS);
            Run.Result accumulator = row.get(Stage.ACCUMULATOR);
            return ours == null || accumulator == null || ours.forwardMilliseconds() == null
                    ? null
                    : Double.valueOf(accumulator.milliseconds() / ours.forwardMilliseconds());
        }
        return row.ratio(variant, other.equals(BASE) ? base(row) : other);
    }

    /** Returns what ratios of a row are to. */
    static String base(Run.Measurement row) {
        return row.get(Stage.NATIVE) == null ? Stage.PLAIN : Stage.NATIVE;
    }
}
