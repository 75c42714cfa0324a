/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import io.djlosses.examples.catalog.Size;
import io.djlosses.regression.HuberLoss;
import io.djlosses.regression.SmoothL1Loss;
import io.djlosses.sequence.CTCLoss;
import io.djlosses.vocabulary.LinearCrossEntropyLoss;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The ratios to the base that a loss must not exceed. */
final class Targets {

    private static final Set<String> FASTER = names(CTCLoss.class);
    private static final Set<String> LEANER = names(LinearCrossEntropyLoss.class);
    private static final Set<String> HARDER = names(HuberLoss.class, SmoothL1Loss.class);

    private Targets() {}

    private static Set<String> names(Class<?>... losses) {
        return Stream.of(losses).map(Class::getSimpleName).collect(Collectors.toSet());
    }

    /** Returns the largest ratio of forward and backward. */
    static double ratio(Run.Measurement measurement, boolean torch) {
        if (FASTER.contains(measurement.loss())) {
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
        if (LEANER.contains(measurement.loss())) {
            return 0.25;
        }
        return torch ? 1.25 : 1;
    }
}
