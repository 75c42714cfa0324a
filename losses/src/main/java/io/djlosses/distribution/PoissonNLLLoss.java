/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.distribution;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Checks;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import java.util.List;

/**
 * The negative log-likelihood of counts under a Poisson distribution.
 *
 * <p>Use it for regression of counts, such as visits, defects or photons. The prediction is the
 * rate, or by default its logarithm, which may have any sign. Each element contributes
 *
 * <pre>{@code
 * ℓ = exp(x) − y x               x logarithm of the rate, y count
 * ℓ = x − y log(x + eps)         x rate, with logInput = false
 *     + y log y − y + ½ log(2π y)    with full, where y > 1
 * }</pre>
 *
 * <p>The last line is Stirling's approximation of log y!, which does not depend on the prediction.
 *
 * <p>Shapes are those of every {@link ElementwiseLoss}; labels are non-negative.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = PoissonNLLLoss.builder().optFull(true).build();
 * NDArray value = loss.evaluate(new NDList(counts), new NDList(logRates));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.PoissonNLLLoss(log_input, full, eps, reduction)} and {@code
 * mindspore.nn.PoissonNLLLoss}. A negative label or rate is used as it is, as there; strict
 * validation rejects it. Nothing is broadcast.
 */
public final class PoissonNLLLoss extends ElementwiseLoss {

    private static final Script LOG_INPUT =
            Script.closedForm("x", "y", "eps=1e-8")
                    .shared("rate = torch.exp(x)")
                    .gradient("torch.sub(rate, y, out=dx)")
                    .value("rate.addcmul_(x, y, value=-1).sum()")
                    .build();

    private static final Script RATE_INPUT =
            Script.closedForm("x", "y", "eps=1e-8")
                    .shared("rate = x + eps")
                    .gradient("torch.div(y, rate, out=dx).neg_().add_(1.)")
                    .value("(x - rate.log_().mul_(y)).sum()")
                    .build();

    private final boolean logInput;
    private final boolean full;
    private final double eps;

    private PoissonNLLLoss(Builder builder) {
        super(builder);
        logInput = builder.logInput;
        full = builder.full;
        eps = builder.eps;
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        Checks.notNegative(getName(), "labels[0]", label);
        if (!logInput) {
            Checks.notNegative(getName(), "predictions[0] (a rate)", prediction);
        }
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        NDArray values =
                logInput
                        ? prediction.exp().sub(label.mul(prediction))
                        : prediction.sub(label.mul(shifted(prediction).log()));
        return full ? values.add(stirling(label)) : values;
    }

    private Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        long divisor = prediction.size();
        NDArray rate = logInput ? prediction.exp() : shifted(prediction);
        NDArray values =
                logInput
                        ? prediction.mul(label).negi().addi(rate)
                        : rate.log().muli(label).negi().addi(prediction);
        NDArray sum = Sums.sumOfConstant(full ? values.addi(stirling(label)) : values);
        if (!gradient) {
            return Outcome.of(sum, divisor);
        }
        NDArray slope =
                logInput ? rate.subi(label) : label.div(rate).negi().addi(Nd.num(prediction, 1));
        return Outcome.of(sum, divisor, 1, slope);
    }

    private NDArray shifted(NDArray rate) {
        return rate.add(Nd.num(rate, eps));
    }

    /** Returns y log y − y + ½ log(2π y) where y > 1, else 0. */
    private static NDArray stirling(NDArray count) {
        NDArray large = count.gt(1);
        NDArray y = Nd.where(large, count, 1);
        NDArray log = y.log();
        NDArray values =
                y.mul(log).sub(y).add(Nd.mul(log.add(Nd.num(y, Math.log(2 * Math.PI))), 0.5));
        return Nd.where(large, values, 0);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        Reading closed = closedForm(this::inClosedForm);
        return full
                ? List.of(Reading.graph(), closed)
                : List.of(Reading.graph(), script(logInput ? LOG_INPUT : RATE_INPUT, eps), closed);
    }

    /**
     * Creates a builder with the defaults: logarithms of rates, not full, {@code eps = 1e-8},
     * {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link PoissonNLLLoss}. */
    public static final class Builder extends LossBuilder<PoissonNLLLoss, Builder> {

        private boolean logInput = true;
        private boolean full;
        private double eps = 1e-8;

        Builder() {
            super("PoissonNLLLoss", PoissonNLLLoss::new);
        }

        /**
         * Sets whether predictions are logarithms of rates (default true) or rates.
         *
         * @param logInput whether predictions are logarithms
         * @return this {@code Builder}
         */
        public Builder optLogInput(boolean logInput) {
            this.logInput = set("logInput", logInput);
            return this;
        }

        /**
         * Sets whether to add the term that depends on the label only (default false), which makes
         * the value an approximation of the full negative log-likelihood.
         *
         * @param full whether to add Stirling's approximation
         * @return this {@code Builder}
         */
        public Builder optFull(boolean full) {
            this.full = set("full", full);
            return this;
        }

        /**
         * Sets the constant that is added to a rate before taking its logarithm (default 1e-8).
         *
         * @param eps a non-negative number, because a small rate would have no logarithm with a
         *     negative one
         * @return this {@code Builder}
         */
        public Builder optEps(double eps) {
            this.eps = notNegative("eps", eps);
            return this;
        }
    }
}
