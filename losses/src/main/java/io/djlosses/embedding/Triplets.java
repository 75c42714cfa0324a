/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.Checks;
import io.djlosses.api.Terms;
import io.djlosses.nd.Nd;

/** What the triplet losses share: all but how a distance is measured. */
record Triplets(String loss, Distance distance, double margin, boolean swap) {

    /** Checks predictions {@code [anchor, positive, negative]}. */
    void check(NDList predictions) {
        Checks.count(loss, "predictions", predictions, "anchor", "positive", "negative");
        Pairs.checkComponents(loss, "predictions", broadcast(predictions), -1);
    }

    private Shape broadcast(NDList predictions) {
        return Checks.broadcast(
                loss,
                "predictions",
                predictions.get(0).getShape(),
                predictions.get(1).getShape(),
                predictions.get(2).getShape());
    }

    /** Returns the shape (…) of embeddings (…, D). */
    Shape unreducedShape(NDList predictions) {
        Shape shape = broadcast(predictions);
        return Pairs.without(shape, shape.dimension() - 1);
    }

    Terms terms(NDList predictions) {
        NDArray anchor = predictions.get(0);
        NDArray positive = predictions.get(1);
        NDArray negative = predictions.get(2);
        NDArray toPositive = distance.between(anchor, positive);
        NDArray toNegative = distance.between(anchor, negative);
        if (swap) {
            toNegative = Nd.minimum(toNegative, distance.between(positive, negative));
        }
        NDArray excess = toPositive.add(Nd.num(toPositive, margin)).sub(toNegative);
        return Terms.of(Nd.clampMin0(excess));
    }
}
