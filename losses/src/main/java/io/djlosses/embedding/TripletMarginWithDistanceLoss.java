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
 * The triplet loss with any distance: an anchor should be closer to a positive example than to a
 * negative one, by a margin.
 *
 * <p>Use it in place of {@link TripletMarginLoss} for distances other than a norm, such as the
 * cosine distance or squared distances. Each triplet contributes
 *
 * <pre>{@code
 * ℓ = max(0, margin + d(a, p) − d(a, n))
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
 *       negative, usually (N, D). The shapes have equal rank; whether axes of size 1 are broadcast
 *       depends on the distance
 *   <li>{@code out: ()}, or with {@code NONE} the shape that the distance returns, usually {@code
 *       (…)}; {@code MEAN} divides by its number of elements
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss =
 *         TripletMarginWithDistanceLoss.builder()
 *                 .optDistanceFunction(CosineSimilarity.builder().build().asDistance())
 *                 .optMargin(0.2)
 *                 .build();
 * NDArray value = loss.evaluate(new NDList(), new NDList(anchor, positive, negative));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.TripletMarginWithDistanceLoss(distance_function=…, margin, swap,
 * reduction=…)} and {@code mindspore.nn.TripletMarginWithDistanceLoss}, whose default distance adds
 * no eps. With {@code (x1, x2) -> x1.sub(x2).square().sum(new int[] {-1})} it is Gluon's {@code
 * TripletLoss}.
 *
 * @see <a href="https://bmva-archive.org.uk/bmvc/2016/papers/paper119/index.html">Balntas et al.
 *     2016, Learning local feature descriptors with triplets and shallow convolutional neural
 *     networks</a> for swap
 */
public final class TripletMarginWithDistanceLoss extends AbstractLoss {

    private final Triplets triplets;

    private TripletMarginWithDistanceLoss(Builder builder) {
        super(builder);
        triplets = new Triplets(getName(), builder.distanceFunction, builder.margin, builder.swap);
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
     * Creates a builder with the defaults: {@link PairwiseDistance}, margin 1, no swap, {@code
     * MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link TripletMarginWithDistanceLoss}. */
    public static final class Builder extends LossBuilder<TripletMarginWithDistanceLoss, Builder> {

        private Distance distanceFunction = PairwiseDistance.builder().build();
        private double margin = 1;
        private boolean swap;

        Builder() {
            super("TripletMarginWithDistanceLoss", TripletMarginWithDistanceLoss::new);
        }

        /**
         * Sets the distance (default {@link PairwiseDistance} with its defaults).
         *
         * @param distanceFunction the distance, which must be stateless because several threads may
         *     use a loss
         * @return this {@code Builder}
         */
        public Builder optDistanceFunction(Distance distanceFunction) {
            this.distanceFunction = set("distanceFunction", distanceFunction);
            return this;
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
