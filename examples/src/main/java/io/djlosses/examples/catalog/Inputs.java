/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

import java.util.List;

/**
 * What a loss is given.
 *
 * @param <A> what stands for an array
 * @param labels the labels
 * @param predictions the predictions
 */
public record Inputs<A>(List<A> labels, List<A> predictions) {

    static <A> Inputs<A> of(A label, A prediction) {
        return new Inputs<>(List.of(label), List.of(prediction));
    }

    static <A> Inputs<A> of(A label, A first, A second) {
        return new Inputs<>(List.of(label), List.of(first, second));
    }

    static <A> Inputs<A> of(A label, A first, A second, A third) {
        return new Inputs<>(List.of(label), List.of(first, second, third));
    }
}
