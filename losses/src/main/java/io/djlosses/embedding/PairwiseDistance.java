/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.Checks;
import io.djlosses.nd.Nd;

/**
 * The distance between embeddings: the p-norm of their difference.
 *
 * <p>It is a function for models, metrics and losses such as {@link TripletMarginWithDistanceLoss}.
 * Along the last axis,
 *
 * <pre>{@code
 * d(x1, x2) = ‖x1 − x2 + eps‖ₚ = (Σ |x1 − x2 + eps|ᵖ)^(1/p),    p = ∞: max |x1 − x2 + eps|
 * }</pre>
 *
 * <p>The term eps, added to every component, keeps the gradient from vanishing at equal embeddings;
 * it also makes the distance slightly asymmetric. Components that are 0 and distances that are 0
 * have gradient 0; with p = ∞ equal maxima share the gradient evenly.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code x1, x2: (…, D)}, FLOAT32 or FLOAT64, of equal rank; axes of size 1 are broadcast
 *   <li>{@code out: (…)}, or {@code (…, 1)} with keepDim
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * NDArray manhattan = PairwiseDistance.builder().optP(1).build().between(x1, x2);
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.PairwiseDistance(p, eps, keepdim)}, which also broadcasts arrays
 * of different ranks and accepts p ≤ 0, which is not a norm.
 */
public final class PairwiseDistance implements Distance {

    private static final String NAME = "PairwiseDistance";

    private final double p;
    private final double eps;
    private final boolean keepDim;

    private PairwiseDistance(Builder builder) {
        p = builder.p;
        eps = builder.eps;
        keepDim = builder.keepDim;
    }

    /** {@inheritDoc} */
    @Override
    public NDArray between(NDArray x1, NDArray x2) {
        Shape shape = Pairs.check(NAME, x1, x2);
        Pairs.checkComponents(NAME, "x1 and x2", shape, -1);
        return Nd.scoped(() -> Nd.norm(x1.sub(x2).add(Nd.num(x1, eps)), p, -1, keepDim));
    }

    /** Returns the order of the norm. */
    double p() {
        return p;
    }

    /** Returns the constant that is added to every component of the difference. */
    double eps() {
        return eps;
    }

    /** Checks the order of a norm. */
    static double checkP(String name, double p) {
        Checks.require(p > 0, name, "p", "be greater than 0, or infinite", p);
        return Checks.normal(name, "p", p);
    }

    /**
     * Creates a builder with the defaults: p 2, eps 1e-6, without keepDim.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link PairwiseDistance}. */
    public static final class Builder {

        private double p = 2;
        private double eps = 1e-6;
        private boolean keepDim;

        Builder() {}

        /**
         * Sets the order of the norm (default 2).
         *
         * @param p a number greater than 0; {@link Double#POSITIVE_INFINITY} for the largest
         *     component
         * @return this {@code Builder}
         */
        public Builder optP(double p) {
            this.p = checkP(NAME, p);
            return this;
        }

        /**
         * Sets the constant that is added to every component of the difference (default 1e-6).
         *
         * @param eps a finite number, at least 0
         * @return this {@code Builder}
         */
        public Builder optEps(double eps) {
            this.eps = Checks.notNegative(NAME, "eps", eps);
            return this;
        }

        /**
         * Sets whether the last axis is kept with size 1 (default false).
         *
         * @param keepDim whether to keep the axis
         * @return this {@code Builder}
         */
        public Builder optKeepDim(boolean keepDim) {
            this.keepDim = keepDim;
            return this;
        }

        /**
         * Builds the function.
         *
         * @return the function
         */
        public PairwiseDistance build() {
            return new PairwiseDistance(this);
        }
    }
}
