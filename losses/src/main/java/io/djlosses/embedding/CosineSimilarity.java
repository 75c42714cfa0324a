/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.Checks;
import io.djlosses.nd.Nd;

/**
 * The cosine of the angle between embeddings: 1 for the same direction, −1 for opposite directions.
 *
 * <p>It is a function for models, metrics and custom losses; the loss is {@link
 * CosineSimilarityLoss}. Along the axis {@code dim},
 *
 * <pre>{@code
 * cos = Σ x1 x2 / (max(‖x1‖, eps) · max(‖x2‖, eps))
 * }</pre>
 *
 * <p>As in PyTorch, the gradient treats max(‖x‖, eps) as ‖x‖, and the gradient of ‖x‖ is 0 at 0.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code x1, x2: (*)}, FLOAT32 or FLOAT64, of equal rank; axes of size 1 are broadcast
 *   <li>{@code out:} the broadcast shape without the axis {@code dim}
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * NDArray similarity = CosineSimilarity.builder().optDim(-1).build().of(x1, x2);
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.CosineSimilarity(dim, eps)}, which also broadcasts arrays of
 * different ranks.
 */
public final class CosineSimilarity {

    /**
     * The gradient of x1 as a script, where {@code slope} is that of the cosine: x2 / (l1 l2) − cos
     * x1 / (l1 ‖x1‖), with l the lengths that the cosine is divided by.
     */
    static final String GRADIENT_OF_FIRST =
            """
            across = slope.div(length1).div_(length2)
            along = slope.mul_(cosine).neg_()
            torch.mul(x2, across, out=dx1).addcmul_(x1, along.div(length1).div_(norm1))
            """;

    /** The gradient of x2, after that of x1. */
    static final String GRADIENT_OF_SECOND =
            "torch.mul(x1, across, out=dx2).addcmul_(x2, along.div(length2).div_(norm2))\n";

    private static final String NAME = "CosineSimilarity";

    private final int dim;
    private final double eps;

    private CosineSimilarity(Builder builder) {
        dim = builder.dim;
        eps = builder.eps;
    }

    /**
     * Computes the cosine similarity of every pair of embeddings.
     *
     * @param x1 the first embeddings
     * @param x2 the second embeddings
     * @return the similarities in [−1, 1], with the gradient of both arguments
     */
    public NDArray of(NDArray x1, NDArray x2) {
        Shape shape = Pairs.check(NAME, x1, x2);
        int axis = axis(NAME, "x1 and x2", shape);
        return Nd.scoped(() -> cosine(Pairs.fit(x1, shape), Pairs.fit(x2, shape)).squeeze(axis));
    }

    /**
     * Returns the cosine distance 1 − cos.
     *
     * @return the distance, in [0, 2]
     */
    public Distance asDistance() {
        return (x1, x2) ->
                Nd.scoped(
                        () -> {
                            NDArray cosine = of(x1, x2);
                            return cosine.neg().add(Nd.num(cosine, 1));
                        });
    }

    /** Returns the smallest length that a vector is divided by. */
    double eps() {
        return eps;
    }

    /** Returns the axis of the components, or throws if the shape does not have it. */
    int axis(String name, String argument, Shape shape) {
        int rank = shape.dimension();
        if (dim < -rank || dim >= rank) {
            throw Checks.failure(name, argument, "have an axis " + dim + " (dim)", shape);
        }
        int axis = Math.floorMod(dim, rank);
        Pairs.checkComponents(name, argument, shape, axis);
        return axis;
    }

    /** Returns the similarity of arrays of equal shape; the axis is kept with size 1. */
    NDArray cosine(NDArray x1, NDArray x2) {
        return Pairs.dot(x1, x2, dim).div(length(x1)).div(length(x2));
    }

    /** Returns max(‖x‖, eps), with the gradient of ‖x‖. */
    private NDArray length(NDArray x) {
        NDArray norm = Nd.norm(x, dim, true);
        NDArray missing = norm.stopGradient().neg().add(Nd.num(norm, eps));
        return norm.add(Nd.relu(missing));
    }

    /**
     * Creates a builder with the defaults: dim 1, eps 1e-8.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link CosineSimilarity}. */
    public static final class Builder {

        private int dim = 1;
        private double eps = 1e-8;

        Builder() {}

        /**
         * Sets the axis of the components (default 1).
         *
         * @param dim the axis; −1 is the last
         * @return this {@code Builder}
         */
        public Builder optDim(int dim) {
            this.dim = dim;
            return this;
        }

        /**
         * Sets the smallest length that a vector is divided by (default 1e-8).
         *
         * @param eps a finite number, at least 0; with 0 a zero vector gives NaN
         * @return this {@code Builder}
         */
        public Builder optEps(double eps) {
            this.eps = Checks.notNegative(NAME, "eps", eps);
            return this;
        }

        /**
         * Builds the function.
         *
         * @return the function
         */
        public CosineSimilarity build() {
            return new CosineSimilarity(this);
        }
    }
}
