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

    @SafeVarargs
    static <A> Inputs<A> of(A label, A... predictions) {
        return new Inputs<>(List.of(label), List.of(predictions));
    }

    /** Returns inputs in which nothing but the predictions counts. */
    @SafeVarargs
    static <A> Inputs<A> unlabelled(A... predictions) {
        return new Inputs<>(List.of(), List.of(predictions));
    }
}
