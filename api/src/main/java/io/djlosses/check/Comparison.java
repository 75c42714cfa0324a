/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.check;

import ai.djl.ndarray.types.Shape;

import java.util.Locale;

/**
 * One comparison of two arrays, described by the element with the largest error.
 *
 * @param engine the engine that computed {@code actual}
 * @param subject the quantities that were compared
 * @param index the position of the element, such as {@code (1, 2)}
 * @param expected the number expected there
 * @param actual the number computed there
 * @param error the difference relative to the largest expected number of the array; infinite if one
 *     of the numbers is not finite and the other one differs
 * @param tolerance the largest error allowed
 */
public record Comparison(
        String engine,
        String subject,
        String index,
        double expected,
        double actual,
        double error,
        double tolerance) {

    /**
     * Returns whether the arrays agree.
     *
     * @return whether the error is within the tolerance
     */
    public boolean passed() {
        return error <= tolerance;
    }

    /**
     * Compares two arrays. Differences are relative to the largest number, or to the floor if that
     * is larger.
     */
    static Comparison worst(
            String engine,
            String subject,
            Shape shape,
            double[] expected,
            double[] actual,
            double floor,
            double tolerance) {
        if (expected.length != actual.length) {
            String what = subject + " (number of elements)";
            double error = Double.POSITIVE_INFINITY;
            return new Comparison(
                    engine, what, "", expected.length, actual.length, error, tolerance);
        }
        double scale = floor;
        for (double number : expected) {
            scale = Double.isFinite(number) ? Math.max(scale, Math.abs(number)) : scale;
        }
        int worst = -1;
        double largest = -1;
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs(actual[i] - expected[i]) / scale;
            if (Double.compare(actual[i] + 0.0, expected[i] + 0.0) == 0) {
                error = 0;
            } else if (!Double.isFinite(error)) {
                error = Double.POSITIVE_INFINITY;
            }
            if (error > largest) {
                worst = i;
                largest = error;
            }
        }
        if (worst < 0) {
            return new Comparison(engine, subject, "", 0, 0, 0, tolerance);
        }
        double wanted = expected[worst];
        String index = index(shape, worst);
        return new Comparison(engine, subject, index, wanted, actual[worst], largest, tolerance);
    }

    private static String index(Shape shape, int flat) {
        StringBuilder index = new StringBuilder(")");
        long rest = flat;
        for (int axis = shape.dimension() - 1; axis >= 0; axis--) {
            index.insert(0, rest % shape.get(axis)).insert(0, axis == 0 ? "" : ", ");
            rest /= shape.get(axis);
        }
        return index.insert(0, "(").toString();
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        String how = passed() ? "passed" : "FAILED";
        String where = index.length() > 2 ? " at " + index : "";
        return String.format(
                Locale.ROOT,
                "%s %s: %s; worst%s: expected %s, was %s, error %.2g, tolerance %.2g",
                engine,
                subject,
                how,
                where,
                expected,
                actual,
                error,
                tolerance);
    }
}
