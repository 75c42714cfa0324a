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
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The negative log-likelihood of labels under a normal distribution whose mean and variance are
 * both predicted.
 *
 * <p>Use it for regression that also estimates its uncertainty. With {@code v = max(var, eps)} each
 * element contributes
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
 *   <li>{@code predictions: [(N, *), variance]}, the mean, with the shape of the label, and a
 *       variance with the same shape, or with one axis of size 1, or without the last axis
 *   <li>{@code out: ()}, or the shape of the mean with {@code NONE}; {@code MEAN} divides by the
 *       number of elements of the mean
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
 * validation rejects it. The label is not broadcast.
 *
 * @see <a href="https://doi.org/10.1109/ICNN.1994.374138">Nix and Weigend 1994, Estimating the Mean
 *     and Variance of the Target Probability Distribution</a>
 */
public final class GaussianNLLLoss extends AbstractLoss {

    private static final Script SCRIPT =
            Script.closedForm("x v")
                    .labels("y")
                    .numbers("eps=1e-6 offset=0")
                    .shared("w = torch.clamp(v, min=eps)\nd = x - y")
                    .gradient(
                            """
                            torch.div(d, w, out=dx)
                            torch.square(dx, out=dv).neg_().add_(torch.reciprocal(w)).mul_(0.5)
                            """)
                    .value(
                            "d.square_().div_(w).add_(w.log_()).sum() * 0.5 + offset *"
                                    + " torch.numel(x)")
                    .least(0)
                    .build();

    private static final double HALF_LOG_2_PI = 0.5 * Math.log(2 * Math.PI);

    private final boolean full;
    private final double eps;

    private GaussianNLLLoss(Builder builder) {
        super(builder);
        full = builder.full;
        eps = builder.eps;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "target");
        Checks.count(getName(), "predictions", predictions, "mean", "variance");
        Checks.sameElements(getName(), labels.get(0), predictions.get(0));
        Shape mean = predictions.get(0).getShape();
        Shape variance = predictions.get(1).getShape();
        if (!variance.equals(mean) && !isPerRow(variance, mean) && !isRepeated(variance, mean)) {
            throw Checks.failure(
                    getName(),
                    "predictions[1] (the variance)",
                    "have the shape "
                            + mean
                            + " of the mean, or one axis of size 1 in it, or lack its"
                            + " last axis",
                    variance);
        }
    }

    private static boolean isPerRow(Shape variance, Shape mean) {
        int rank = mean.dimension();
        return rank > 0 && variance.equals(mean.slice(0, rank - 1));
    }

    private static boolean isRepeated(Shape variance, Shape mean) {
        if (variance.dimension() != mean.dimension()) {
            return false;
        }
        int repeated = 0;
        for (int i = 0; i < mean.dimension(); i++) {
            if (variance.get(i) != mean.get(i)) {
                repeated += variance.get(i) == 1 ? 1 : 2;
            }
        }
        return repeated == 1;
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        Checks.notNegative(getName(), "predictions[1] (the variance)", predictions.get(1));
    }

    /** {@inheritDoc} */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        NDArray label = matching(labels.get(0), predictions.get(0));
        return super.masked(mask, new NDList(label), predictions);
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        return predictions.get(0).getShape();
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray mean = predictions.get(0);
        NDArray variance = predictions.get(1);
        NDArray clamped = clamped(variance.stopGradient());
        NDArray v = clamped.add(Gradients.zeroWithGradient(variance, clamped.onesLike()));
        if (v.getShape().dimension() < mean.getShape().dimension()) {
            v = v.expandDims(v.getShape().dimension()); // [N, *, 1]
        }
        NDArray error = mean.sub(matching(labels.get(0), mean));
        NDArray values = Nd.mul(error.square().div(v).add(v.log()), 0.5);
        return Terms.of(full ? values.add(Nd.num(mean, HALF_LOG_2_PI)) : values);
    }

    private @Nullable Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        NDArray mean = predictions.get(0);
        if (!predictions.get(1).getShape().equals(mean.getShape())) {
            return null;
        }
        NDArray v = clamped(predictions.get(1));
        NDArray error = mean.sub(matching(labels.get(0), mean));
        NDArray pull = error.div(v);
        NDArray sum = Sums.sumOfConstant(error.muli(pull).addi(v.log()));
        sum = sum.mul(Nd.num(sum, 0.5));
        if (full) {
            sum = sum.add(Nd.num(sum, HALF_LOG_2_PI * mean.size()));
        }
        Divisor divisor = Divisor.of(mean.size());
        if (!goal.gradient()) {
            return Outcome.of(sum, divisor);
        }
        NDArray half = pull.square().negi();
        half.addi(v.onesLike().divi(v)).muli(Nd.num(v, 0.5));
        return Outcome.of(sum, divisor, 1, pull, half);
    }

    private NDArray clamped(NDArray variance) {
        return variance.maximum(Nd.num(variance, eps));
    }

    private static NDArray matching(NDArray label, NDArray mean) {
        return Nd.cast(label, mean).reshape(mean.getShape());
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray mean = predictions.get(0);
        NDArray variance = predictions.get(1);
        NDArray label = matching(labels.get(0), mean);
        double offset = full ? HALF_LOG_2_PI : 0;
        return variance.getShape().equals(mean.getShape())
                ? new Reading.Call(
                        SCRIPT,
                        Divisor.of(mean.size()),
                        List.of(mean, variance, label),
                        eps,
                        offset)
                : null;
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
    }
}
