/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.distribution;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.Goal;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.Reduction;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Looks;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The Kullback-Leibler divergence of a predicted distribution, given as log-probabilities, from the
 * distribution of the labels.
 *
 * <p>Use it for distillation, soft labels and variational models. The prediction is the logarithm
 * of a probability ({@code logSoftmax}); the label is a probability, or its logarithm. Each element
 * contributes
 *
 * <pre>{@code
 * ℓ = y (log y − x)         x log-probability, y label; 0 log 0 = 0
 * ℓ = exp(y) (y − x)        with logTarget
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape
 *   <li>{@code predictions: [(*)]}, same shape as the label
 *   <li>{@code out: ()}, or {@code (*)} with {@code NONE}
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>{@code MEAN} divides by the number of elements, as in PyTorch. The divergence of a batch of
 * distributions is {@link Reduction#BATCH_MEAN}, which divides by the first axis; a scalar is not
 * divided.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = KLDivLoss.builder().optReduction(Reduction.BATCH_MEAN).build();
 * NDArray value = loss.evaluate(new NDList(teacher.softmax(1)), new NDList(student.logSoftmax(1)));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.KLDivLoss(reduction, log_target)} and {@code
 * mindspore.nn.KLDivLoss}. As there, a negative probability is NaN. Differences: what has the label
 * 0 (with {@code logTarget}, a label whose exponential is 0, such as −∞) counts 0 at every
 * log-probability, also at −∞, and NaN there; integer labels are converted; with {@code
 * optLabelGradient} the gradient of a label of 0 is finite, and NaN there. Nothing is broadcast.
 *
 * @see <a href="https://doi.org/10.1214/aoms/1177729694">Kullback and Leibler 1951, On Information
 *     and Sufficiency</a>
 */
public final class KLDivLoss extends ElementwiseLoss {

    private static final Script SCRIPT =
            Script.closedForm("x", "y", "")
                    .gradient("dx.copy_(y)")
                    .scale("-1.")
                    // log 0 = −∞ becomes a finite number, which times 0 is 0.
                    .value("torch.log(y).clamp_(min=-1000.).mul_(y).addcmul_(x, y, value=-1).sum()")
                    .small("return torch.kl_div(x, y, reduction, log_target=False)")
                    .build();

    private static final Script LOG_TARGET =
            Script.closedForm("x", "y", "")
                    .shared("p = torch.exp(y)")
                    .gradient("dx.copy_(p)")
                    .scale("-1.")
                    .value("p.mul_(y - x).sum()")
                    .build();

    private final boolean logTarget;

    private KLDivLoss(Builder builder) {
        super(builder);
        logTarget = builder.logTarget;
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        if (!logTarget) {
            Checks.unitInterval(getName(), "labels[0]", label);
        }
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        if (!logTarget) {
            return Nd.xlogy(label, label).sub(Nd.product(label, prediction));
        }
        NDArray probability = label.exp();
        NDArray difference = label.sub(prediction);
        NDArray impossible = probability.eq(0);
        return probability.mul(Nd.where(impossible, difference.zerosLike(), difference));
    }

    private @Nullable Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        NDArray probability = logTarget ? label.exp() : label;
        NDArray values;
        if (logTarget) {
            values = label.sub(prediction).muli(probability);
        } else {
            // log(y + 1) = 0 where y = 0: arithmetic is faster than a selection.
            NDArray logarithm = Nd.cast(label.eq(0), label).addi(label).log();
            values = logarithm.muli(label).subi(prediction.mul(label));
        }
        NDArray sum = Sums.sumOfConstant(values);
        if (!Looks.isKnownFinite(sum)) {
            return null; // 0 times an infinite logarithm
        }
        return Outcome.of(sum, prediction.size(), gradient, -1, () -> probability);
    }

    private Reading.Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray x = predictions.get(0);
        NDArray label = Nd.cast(labels.get(0), x).reshape(x.getShape());
        Script script = logTarget ? LOG_TARGET : SCRIPT;
        return new Reading.Call(script, Divisor.of(x.size()), List.of(x, label), true);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), Reading.script(this::call), closedForm(this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: probabilities as labels, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link KLDivLoss}. */
    public static final class Builder extends LossBuilder<KLDivLoss, Builder> {

        private boolean logTarget;

        Builder() {
            super("KLDivLoss", KLDivLoss::new);
        }

        /**
         * Sets whether labels are log-probabilities (default false: probabilities).
         *
         * @param logTarget whether labels are log-probabilities
         * @return this {@code Builder}
         */
        public Builder optLogTarget(boolean logTarget) {
            this.logTarget = set("logTarget", logTarget);
            return this;
        }
    }
}
