/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.Checks;
import io.djlosses.api.ClosedForm;
import io.djlosses.api.Divisor;
import io.djlosses.api.Terms;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

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
        return Terms.of(Nd.clampMin0(excess(toPositive, toNegative)));
    }

    private NDArray excess(NDArray toPositive, NDArray toNegative) {
        return toPositive.add(Nd.num(toPositive, margin)).sub(toNegative);
    }

    /** The closed form of the Euclidean distance of embeddings of equal shape. */
    @Nullable ClosedForm closedForm(NDList predictions, boolean gradient) {
        NDArray anchor = predictions.get(0);
        NDArray positive = predictions.get(1);
        NDArray negative = predictions.get(2);
        if (!(distance instanceof PairwiseDistance pairwise)
                || !pairwise.isEuclidean()
                || !anchor.getShape().equals(positive.getShape())
                || !anchor.getShape().equals(negative.getShape())) {
            return null;
        }
        Side near = Side.of(pairwise.difference(anchor, positive));
        Side far = Side.of(pairwise.difference(anchor, negative));
        Side swapped = swap ? Side.of(pairwise.difference(positive, negative)) : null;
        NDArray least = swapped == null ? far.norm : Nd.minimum(far.norm, swapped.norm);
        NDArray excess = excess(near.norm, least); // [..., 1]
        NDArray sum = excess.maximum(0).sum();
        Divisor divisor = Divisor.of(excess.size());
        if (!gradient) {
            return new ClosedForm(sum, divisor);
        }
        NDArray active = Nd.cast(excess.lt(0).logicalNot(), excess);
        NDArray pull = near.gradient(active);
        if (swapped == null) {
            NDArray push = far.gradient(active);
            return new ClosedForm(sum, divisor, 1, pull.sub(push), pull.neg(), push);
        }
        // Of the two distances the smaller counts, with equal distances half of each.
        NDArray less = Nd.cast(far.norm.lt(swapped.norm), excess);
        NDArray notMore = Nd.cast(far.norm.lte(swapped.norm), excess);
        NDArray share = less.addi(notMore).muli(Nd.num(excess, 0.5)).muli(active);
        NDArray push = far.gradient(share);
        NDArray pushSwapped = swapped.gradient(active.sub(share));
        return new ClosedForm(
                sum,
                divisor,
                1,
                pull.sub(push),
                pull.add(pushSwapped).negi(),
                push.addi(pushSwapped));
    }

    /** A difference of embeddings and its length. */
    private record Side(NDArray difference, NDArray norm) {

        static Side of(NDArray difference) {
            return new Side(difference, Nd.norm(difference, -1, true));
        }

        /** Returns the gradient of factor · norm, overwriting the difference. */
        NDArray gradient(NDArray factor) {
            return difference.muli(Nd.where(norm.neq(0), factor.div(norm), 0));
        }
    }
}
