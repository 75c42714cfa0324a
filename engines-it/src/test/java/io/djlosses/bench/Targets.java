/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import java.util.Set;

/** The ratios to the base that a loss must not exceed. */
final class Targets {

    private static final Set<String> HARDER = Set.of("HuberLoss", "SmoothL1Loss");

    private Targets() {}

    /** Returns the largest ratio of forward and backward. */
    static double ratio(Run.Measurement measurement, boolean torch) {
        if ("CTCLoss".equals(measurement.loss())) {
            return torch ? 0.7 : 0.8;
        }
        if (measurement.size() == Size.S) {
            return 1.3;
        }
        return torch && HARDER.contains(measurement.loss()) ? 1.1 : 1;
    }

    /** Returns the largest median over the losses. */
    static double median(Size size, boolean torch) {
        return size == Size.S ? (torch ? 1.05 : 1) : 0.75;
    }

    /** Returns the largest ratio of the value alone. */
    static double forward() {
        return 1.05;
    }

    /** Returns the largest ratio of native memory. */
    static double memory(Run.Measurement measurement, boolean torch) {
        return switch (measurement.loss()) {
            case "LinearCrossEntropyLoss" -> 0.25;
            default -> torch ? 1.25 : 1;
        };
    }
}
