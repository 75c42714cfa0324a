/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.Checks;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** Shared code of the triplet losses: everything except the distance. */
record Triplets(String loss, Distance distance, double margin, boolean swap) {

    private static final Script SCRIPT =
            closedForm(
                    "farther = toNegative",
                    """
                    torch.mul(n, active / toNegative.add_(torch.eq(toNegative, 0)), out=dnegative)
                    torch.add(dpositive, dnegative, out=danchor).neg_()
                    """);

    private static final Script SWAPPED =
            closedForm(
                    """
                    s = (positive - negative).add_(eps)
                    swapped = torch.square(s).sum([-1], True).sqrt_()
                    farther = torch.minimum(toNegative, swapped)
                    """,
                    """
                    share = torch.lt(toNegative, swapped).type_as(n)
                    share.add_(torch.eq(toNegative, swapped), alpha=0.5)
                    n.mul_(active * share / toNegative.add_(torch.eq(toNegative, 0)))
                    s.mul_(active * (1 - share) / swapped.add_(torch.eq(swapped, 0)))
                    torch.add(dpositive, n, out=danchor).neg_()
                    torch.add(n, s, out=dnegative)
                    dpositive.sub_(s)
                    """);

    /**
     * The gradients of a distance are the difference divided by the distance, or 0 if the distance
     * is 0.
     */
    private static Script closedForm(String farther, String gradient) {
        return Script.closedForm("anchor positive negative", "", "margin=1 eps=1e-6")
                .rows()
                .divisor("(torch.numel(anchor) // torch.size(anchor, -1))")
                .shared(
                        """
                        p = (anchor - positive).add_(eps)
                        n = (anchor - negative).add_(eps)
                        toPositive = torch.square(p).sum([-1], True).sqrt_()
                        toNegative = torch.square(n).sum([-1], True).sqrt_()
                        """
                                + farther
                                + "\nexcess = (toPositive + margin).sub_(farther)")
                .gradient(
                        """
                        active = torch.lt(excess, 0).logical_not().type_as(p)
                        torch.mul(p, -active / toPositive.add_(torch.eq(toPositive, 0)), out=dpositive)
                        """
                                + gradient)
                .value("excess.clamp_(min=0).sum()")
                .least(Thresholds.ALWAYS)
                .build();
    }

    /** Checks predictions {@code [anchor, positive, negative]}. */
    void check(NDList predictions) {
        Checks.count(loss, "predictions", predictions, "anchor", "positive", "negative");
        Pairs.checkComponents(loss, "predictions", broadcast(predictions), -1);
    }

    private Shape broadcast(NDList predictions) {
        Shape shape =
                Checks.broadcast(
                        loss,
                        "predictions",
                        predictions.get(0).getShape(),
                        predictions.get(1).getShape(),
                        predictions.get(2).getShape());
        return shape.isScalar() ? new Shape(1) : shape;
    }

    /** Returns an embedding, a single number as one of one component. */
    private static NDArray embedding(NDList predictions, int i) {
        NDArray array = predictions.get(i);
        return array.getShape().isScalar() ? array.reshape(1) : array;
    }

    /** Returns the shape (…) of embeddings (…, D). */
    Shape unreducedShape(NDList predictions) {
        Shape shape = broadcast(predictions);
        return Pairs.without(shape, shape.dimension() - 1);
    }

    Terms terms(NDList predictions) {
        NDArray anchor = embedding(predictions, 0);
        NDArray positive = embedding(predictions, 1);
        NDArray negative = embedding(predictions, 2);
        NDArray toPositive = distance.between(anchor, positive);
        NDArray toNegative = distance.between(anchor, negative);
        if (swap) {
            toNegative = Nd.minimum(toNegative, distance.between(positive, negative));
        }
        NDArray excess = toPositive.add(Nd.num(toPositive, margin)).sub(toNegative);
        return Terms.of(Nd.clampMin0(excess));
    }

    /** Computes what {@link #terms} computes with a script, or declines. */
    Reading.@Nullable Call call(NDList predictions) {
        Shape shape = predictions.get(0).getShape();
        if (!(distance instanceof PairwiseDistance norm)
                || norm.p() != 2
                || shape.dimension() < 2
                || predictions.stream().anyMatch(array -> !array.getShape().equals(shape))) {
            return null;
        }
        long divisor = unreducedShape(predictions).size();
        return new Reading.Call(swap ? SWAPPED : SCRIPT, divisor, predictions, margin, norm.eps());
    }

    /**
     * Lists the readings. A distance of the user may keep state or draw random numbers, so it is
     * never recorded.
     */
    List<Reading> readings() {
        Reading script = Reading.script((labels, predictions, goal) -> call(predictions));
        return distance instanceof PairwiseDistance ? List.of(Reading.graph(), script) : List.of();
    }
}
