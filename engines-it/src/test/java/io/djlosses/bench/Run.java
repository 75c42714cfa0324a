/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import io.djlosses.examples.catalog.Size;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;

/**
 * What one process measured, as it is written to a JSON file.
 *
 * @param mode what it measured
 * @param engine the engine and its version
 * @param device the device
 * @param threads the engine's threads
 * @param base what ratios are to: the native kernels, or on an engine without them all the plain
 *     composition
 * @param machine the machine, name and value
 * @param command the options of the command
 * @param measurements one a row and size
 */
record Run(
        Mode mode,
        String engine,
        String device,
        int threads,
        String base,
        Map<String, String> machine,
        String command,
        List<Measurement> measurements) {

    /** Returns this run with other measurements. */
    Run with(List<Measurement> others) {
        return new Run(mode, engine, device, threads, base, machine, command, others);
    }

    /**
     * What was measured of one row at one size.
     *
     * @param row the row
     * @param loss the loss
     * @param size the size, null where there are more
     * @param shape the size in numbers
     * @param reading the reading that serves
     * @param variants how the variants did, by name
     * @param failures why others have no result, by name
     */
    record Measurement(
            String row,
            String loss,
            @Nullable Size size,
            String shape,
            String reading,
            Map<String, Result> variants,
            Map<String, String> failures) {

        @Nullable Result get(String variant) {
            return variants.get(variant);
        }

        /** Returns the time of a variant over that of another, null if either is missing. */
        @Nullable Double ratio(String variant, String other) {
            Result own = get(variant);
            Result its = get(other);
            return own == null || its == null
                    ? null
                    : Double.valueOf(own.milliseconds() / its.milliseconds());
        }
    }

    /**
     * How one variant did.
     *
     * @param milliseconds the median of the times
     * @param faults the median of the page faults
     * @param forwardMilliseconds the median of the value alone, null where it is not measured
     * @param valueError the relative error of the value, against the base
     * @param gradientError the largest error of the gradients, relative to the largest gradient
     * @param peakMiB the peak of memory over the inputs, null if not measured
     * @param outcome the value and some numbers of the gradient, for comparison with another
     *     process, null where there is none
     */
    record Result(
            double milliseconds,
            double faults,
            @Nullable Double forwardMilliseconds,
            @Nullable Double valueError,
            @Nullable Double gradientError,
            @Nullable Double peakMiB,
            @Nullable List<Double> outcome) {

        static Result of(double milliseconds, double faults) {
            return new Result(milliseconds, faults, null, null, null, null, null);
        }

        Result withPeak(@Nullable Double peak) {
            return new Result(
                    milliseconds,
                    faults,
                    forwardMilliseconds,
                    valueError,
                    gradientError,
                    peak,
                    outcome);
        }
    }
}
