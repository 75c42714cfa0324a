/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.distribution;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.Goal;
import io.djlosses.api.Inputs;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.internal.array.Gradients;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The negative log-likelihood of labels under a normal distribution whose mean and variance are
 * both predicted.
 *
 * <p>Use it for regression that also estimates its uncertainty; {@code optVariance} sets one that
 * is known. With {@code v = max(var, eps)} each element contributes
 *
 * <pre>{@code
 * ℓ = ½ (log v + (x − y)² / v)        x mean, var variance, y label
 *     + ½ log 2π                      with full
 * }</pre>
 *
 * <p>The value uses the clamped variance, and the gradient ignores the clamp: {@code ∂ℓ/∂var = ½
 * (1/v − (x − y)²/v²)} also where the variance is below {@code eps}, so that the variance can grow
 * again.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(N, *)]}, any shape
 *   <li>{@code predictions: [(N, *), variance]}, the mean, with the shape of the label or one that
 *       broadcasts with it: a single number, or an axis of size 1 on either side. The variance is
 *       one number, or has the shape of the values, or axes of size 1 in it, or it lacks the last
 *       axis of the mean
 *   <li>{@code predictions: [(N, *)]}, the mean alone, with {@code optVariance}
 *   <li>{@code out: ()}, or the shape of label and mean, broadcast, with {@code NONE}; {@code MEAN}
 *       divides by the number of these elements
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = Losses.gaussianNLLLoss();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(mean, variance));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.GaussianNLLLoss(full, eps, reduction)} and {@code
 * mindspore.nn.GaussianNLLLoss}, with the variance as the second prediction. Differences: a
 * negative variance, which is an error there, is clamped like any other below {@code eps}; strict
 * validation rejects it. A label (N) for a mean (N, 1), or the reverse, is the same N numbers here,
 * while N × N values arise there, and shapes of different rank broadcast only if one is a single
 * number: a mistake rather than a wish.
 *
 * @see <a href="https://doi.org/10.1109/ICNN.1994.374138">Nix and Weigend 1994, Estimating the Mean
 *     and Variance of the Target Probability Distribution</a>
 */
public final class GaussianNLLLoss extends AbstractLoss {

    private static final Script SCRIPT =
            Script.closedForm("x v", "y", "eps=1e-6 offset=0")
                    .shared("w = torch.clamp(v, min=eps)\nd = x - y")
                    .gradient(
                            """
                            torch.div(d, w, out=dx)
                            torch.square(dx, out=dv).neg_().add_(torch.reciprocal(w)).mul_(0.5)
                            """)
                    .value(
                            "d.square_().div_(w).add_(w.log_()).sum() * 0.5 + offset *"
                                    + " torch.numel(x)")
                    .least(Thresholds.ALWAYS)
                    .build();

    private static final double HALF_LOG_2_PI = 0.5 * Math.log(2 * Math.PI);

    private final boolean full;
    private final double eps;

    /** The variance where it is not predicted, clamped. */
    private final @Nullable Double known;

    private GaussianNLLLoss(Builder builder) {
        super(builder);
        full = builder.full;
        eps = builder.eps;
        known = builder.variance == null ? null : (Double) Math.max(builder.variance, eps);
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "target");
        if (known == null) {
            Checks.count(getName(), "predictions", predictions, "mean", "variance");
        } else {
            Checks.count(getName(), "predictions", predictions, "mean");
        }
        Shape shape = unreducedShape(labels, predictions);
        if (known == null && !fits(predictions, shape)) {
            throw Checks.failure(
                    getName(),
                    "predictions[1] (the variance)",
                    "be one number, or have the shape "
                            + shape
                            + " of the values, or axes of size 1 in it, or lack the last axis of"
                            + " the mean",
                    predictions.get(1).getShape());
        }
    }

    /** Returns whether the variance broadcasts to the values. */
    private static boolean fits(NDList predictions, Shape shape) {
        Shape given = predictions.get(1).getShape();
        boolean isOfMean = given.equals(predictions.get(0).getShape());
        if (isOfMean || isPerRow(predictions) || given.size() == 1) {
            return true;
        }
        boolean fits = given.dimension() == shape.dimension();
        for (int i = 0; fits && i < shape.dimension(); i++) {
            fits = given.get(i) == 1 || given.get(i) == shape.get(i);
        }
        return fits;
    }

    /** Returns whether the variance lacks the last axis of the mean. */
    private static boolean isPerRow(NDList predictions) {
        Shape mean = predictions.get(0).getShape();
        int rank = mean.dimension();
        return rank > 0 && predictions.get(1).getShape().equals(mean.slice(0, rank - 1));
    }

    /** Returns the variance in a shape that broadcasts to the values. */
    private static NDArray variance(NDList predictions) {
        NDArray variance = predictions.get(1);
        if (isPerRow(predictions)) {
            return variance.expandDims(variance.getShape().dimension()); // [N, *, 1]
        }
        boolean isOne = variance.size() == 1 && !variance.getShape().isScalar();
        return isOne ? variance.reshape(new Shape()) : variance;
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        if (known == null) {
            Checks.notNegative(getName(), "predictions[1] (the variance)", predictions.get(1));
        }
    }

    /** {@inheritDoc} */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        Shape shape = unreducedShape(labels, predictions);
        NDArray mean = predictions.get(0);
        NDList shown = new NDList(shown(mask, mean, shape));
        if (known == null) {
            shown.add(shown(mask, variance(predictions), shape));
        }
        return new Inputs(new NDList(shown(mask, matching(labels.get(0), mean), shape)), shown);
    }

    /** Replaces the elements that the mask hides by 1, which is safe in the formula. */
    private static NDArray shown(NDArray mask, NDArray x, Shape shape) {
        NDArray all = x.getShape().equals(shape) ? x : x.broadcast(shape);
        return Nd.where(Nd.withRank(mask, shape.dimension()), all, 1);
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        Shape label = labels.get(0).getShape();
        Shape mean = predictions.get(0).getShape();
        if (Checks.hasSameElements(label, mean)) {
            return mean;
        }
        return label.size() == 1 || mean.size() == 1
                ? Nd.broadcastShape(label, mean)
                : Checks.broadcast(getName(), "labels[0] and predictions[0]", label, mean);
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray mean = predictions.get(0);
        NDArray squares = mean.sub(matching(labels.get(0), mean)).square();
        if (known != null) {
            return Terms.of(Nd.div(squares, 2 * known).add(Nd.num(mean, offset())));
        }
        NDArray variance = variance(predictions);
        NDArray clamped = clamped(variance.stopGradient());
        NDArray v = clamped.add(Gradients.zeroWithGradient(variance, clamped.onesLike()));
        NDArray values = Nd.mul(squares.div(v).add(v.log()), 0.5);
        return Terms.of(full ? values.add(Nd.num(mean, offset())) : values);
    }

    /** Returns what all values have in common. */
    private double offset() {
        double constant = full ? HALF_LOG_2_PI : 0;
        return known == null ? constant : constant + 0.5 * Math.log(known);
    }

    private @Nullable Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        if (!isOneShape(labels, predictions)) {
            return null;
        }
        NDArray mean = predictions.get(0);
        Divisor divisor = Divisor.of(mean.size());
        NDArray error = mean.sub(matching(labels.get(0), mean));
        if (known != null) {
            NDArray squares = Constants.sumOfSquares(error);
            NDArray sum = squares.div(Nd.num(squares, 2 * known));
            sum.addi(Nd.num(sum, offset() * mean.size()));
            return Outcome.of(sum, divisor, goal.gradient(), 1 / known, () -> error);
        }
        NDArray v = clamped(predictions.get(1));
        NDArray pull = error.div(v);
        NDArray sum = Sums.sumOfConstant(error.muli(pull).addi(v.log()));
        sum = sum.mul(Nd.num(sum, 0.5));
        if (full) {
            sum = sum.add(Nd.num(sum, offset() * mean.size()));
        }
        if (!goal.gradient()) {
            return Outcome.of(sum, divisor);
        }
        NDArray half = pull.square().negi();
        half.addi(v.onesLike().divi(v)).muli(Nd.num(v, 0.5));
        return Outcome.of(sum, divisor, 1, pull, half);
    }

    /** Returns whether nothing is broadcast. */
    private boolean isOneShape(NDList labels, NDList predictions) {
        Shape shape = predictions.get(0).getShape();
        return unreducedShape(labels, predictions).equals(shape)
                && (known != null || predictions.get(1).getShape().equals(shape));
    }

    private NDArray clamped(NDArray variance) {
        return variance.maximum(Nd.num(variance, eps));
    }

    private static NDArray matching(NDArray label, NDArray mean) {
        NDArray typed = Nd.cast(label, mean);
        Shape shape = mean.getShape();
        return Checks.hasSameElements(label.getShape(), shape) ? typed.reshape(shape) : typed;
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        if (known != null || !isOneShape(labels, predictions)) {
            return null;
        }
        NDArray mean = predictions.get(0);
        List<NDArray> arrays = List.of(mean, predictions.get(1), matching(labels.get(0), mean));
        return new Reading.Call(SCRIPT, Divisor.of(mean.size()), arrays, eps, offset());
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                Reading.graph(),
                Reading.script(this::call),
                Reading.closedForm(this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: not full, {@code eps = 1e-6}, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link GaussianNLLLoss}. */
    public static final class Builder extends LossBuilder<GaussianNLLLoss, Builder> {

        private boolean full;
        private double eps = 1e-6;
        private @Nullable Double variance;

        Builder() {
            super("GaussianNLLLoss", GaussianNLLLoss::new);
        }

        /**
         * Sets whether to add the constant ½ log 2π (default false), which makes the value the full
         * negative log-likelihood.
         *
         * @param full whether to add the constant
         * @return this {@code Builder}
         */
        public Builder optFull(boolean full) {
            this.full = set("full", full);
            return this;
        }

        /**
         * Sets the smallest variance (default 1e-6).
         *
         * @param eps a non-negative number
         * @return this {@code Builder}
         */
        public Builder optEps(double eps) {
            this.eps = notNegative("eps", eps);
            return this;
        }

        /**
         * Sets a known variance of all labels (default: it is predicted), so that the predictions
         * hold the mean alone.
         *
         * @param variance a non-negative number, which {@code eps} clamps
         * @return this {@code Builder}
         */
        public Builder optVariance(double variance) {
            this.variance = notNegative("variance", variance);
            return this;
        }
    }
}
