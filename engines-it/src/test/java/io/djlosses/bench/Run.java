/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import io.djlosses.examples.catalog.Size;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;

/**
 * What one process measured, as it is written to a JSON file.
 *
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
        String engine,
        String device,
        int threads,
        String base,
        Map<String, String> machine,
        String command,
        List<Measurement> measurements) {

    /**
     * What was measured of one row at one size.
     *
     * @param row the row
     * @param loss the loss
     * @param size the size
     * @param shape the size in numbers
     * @param variants how the variants did, by name
     * @param failures why others have no result, by name
     */
    record Measurement(
            String row,
            String loss,
            Size size,
            String shape,
            Map<String, Result> variants,
            Map<String, String> failures) {

        @Nullable Result get(String variant) {
            return variants.get(variant);
        }
    }

    /**
     * How one variant did.
     *
     * @param milliseconds the median of forward and backward
     * @param ratio the median ratio to the base in the same repetition
     * @param ratioToOurs the median ratio to ours in the same repetition
     * @param valueError the relative error of the value, against the base
     * @param gradientError the largest error of the gradients, relative to the largest gradient
     * @param forwardMilliseconds the median of the value alone, null where it is not measured
     * @param forwardRatio the ratio to the base of the value alone
     * @param peakMiB the peak of native memory over the resident input, null if not measured
     * @param repetitions how often it ran
     * @param outcome the value and some numbers of the gradient, for comparison with another
     *     process, null where there is none
     */
    record Result(
            double milliseconds,
            @Nullable Double ratio,
            @Nullable Double ratioToOurs,
            @Nullable Double valueError,
            @Nullable Double gradientError,
            @Nullable Double forwardMilliseconds,
            @Nullable Double forwardRatio,
            @Nullable Double peakMiB,
            int repetitions,
            @Nullable List<Double> outcome) {

        static Result of(double[] times, List<Double> outcome) {
            return new Result(
                    Turns.median(times),
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    times.length,
                    outcome);
        }

        Result withPeak(@Nullable Double peak) {
            return new Result(
                    milliseconds,
                    ratio,
                    ratioToOurs,
                    valueError,
                    gradientError,
                    forwardMilliseconds,
                    forwardRatio,
                    peak,
                    repetitions,
                    outcome);
        }
    }
}
