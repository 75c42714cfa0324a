/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Goal;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;

import java.util.List;

/**
 * The triplet loss: an anchor should be closer to a positive example than to a negative one, by a
 * margin.
 *
 * <p>Use it to learn an embedding, for example of faces, from triplets; {@link
 * TripletMarginWithDistanceLoss} takes any distance. Each triplet contributes
 *
 * <pre>{@code
 * ℓ = max(0, margin + d(a, p) − d(a, n)),    d(x1, x2) = ‖x1 − x2 + eps‖ₚ
 *
 * with swap: min(d(a, n), d(p, n)) in place of d(a, n)
 * }</pre>
 *
 * <p>Where margin + d(a, p) − d(a, n) is exactly 0, the gradient is that of the positive side.
 * Where the two distances of swap are equal, each gets half of the gradient.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: []}; their contents are ignored, because a trainer may pass those of its
 *       data set
 *   <li>{@code predictions: [(…, D), (…, D), (…, D)]}, the embeddings of anchor, positive and
 *       negative, usually (N, D), or (D) for a single triplet; {@code ()} is one component. The
 *       shapes have equal rank, and axes of size 1 are broadcast
 *   <li>{@code out: ()}, or {@code (…)} with {@code NONE}; {@code MEAN} divides by the number of
 *       triplets
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = TripletMarginLoss.builder().optMargin(0.5).optSwap(true).build();
 * NDArray value = loss.evaluate(new NDList(), new NDList(anchor, positive, negative));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.TripletMarginLoss(margin, p, eps, swap, reduction=…)}, which
 * also accepts p ≤ 0 and a negative eps, with which there is no distance, and embeddings without
 * components; and to {@code mindspore.nn.TripletMarginLoss}. Gluon's {@code TripletLoss} uses
 * squared distances: see {@link TripletMarginWithDistanceLoss}.
 *
 * @see PairwiseDistance
 * @see <a href="https://bmva-archive.org.uk/bmvc/2016/papers/paper119/index.html">Balntas et al.
 *     2016, Learning local feature descriptors with triplets and shallow convolutional neural
 *     networks</a> for swap
 */
public final class TripletMarginLoss extends AbstractLoss {

    private final Triplets triplets;

    private TripletMarginLoss(Builder builder) {
        super(builder);
        triplets = new Triplets(getName(), builder.distance.build(), builder.margin, builder.swap);
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        triplets.check(predictions);
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        return triplets.unreducedShape(predictions);
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        return triplets.terms(predictions);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return triplets.readings();
    }

    /**
     * Creates a builder with the defaults: margin 1, p 2, eps 1e-6, no swap, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link TripletMarginLoss}. */
    public static final class Builder extends LossBuilder<TripletMarginLoss, Builder> {

        private final PairwiseDistance.Builder distance = PairwiseDistance.builder();
        private double margin = 1;
        private boolean swap;

        Builder() {
            super("TripletMarginLoss", TripletMarginLoss::new);
        }

        /**
         * Sets the margin by which the negative should be farther away than the positive (default
         * 1).
         *
         * @param margin a finite number greater than 0
         * @return this {@code Builder}
         */
        public Builder optMargin(double margin) {
            this.margin = positive("margin", margin);
            return this;
        }

        /**
         * Sets the order of the norm (default 2).
         *
         * @param p a number greater than 0; {@link Double#POSITIVE_INFINITY} for the largest
         *     component
         * @return this {@code Builder}
         */
        public Builder optP(double p) {
            distance.optP(set("p", PairwiseDistance.checkP(name, p)));
            return this;
        }

        /**
         * Sets the constant that is added to every component of a difference (default 1e-6).
         *
         * @param eps a finite number, at least 0
         * @return this {@code Builder}
         */
        public Builder optEps(double eps) {
            distance.optEps(notNegative("eps", eps));
            return this;
        }

        /**
         * Sets whether the distance of the negative to the positive replaces its distance to the
         * anchor where it is smaller (default false).
         *
         * @param swap whether to swap
         * @return this {@code Builder}
         */
        public Builder optSwap(boolean swap) {
            this.swap = set("swap", swap);
            return this;
        }
    }
}
