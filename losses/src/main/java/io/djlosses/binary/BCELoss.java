/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.BinaryCrossEntropy;
import io.djlosses.internal.kernel.LastAxis;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The binary cross entropy of probabilities, for independent yes-or-no decisions.
 *
 * <p>Use it for models that end in a sigmoid. If the model can give logits, {@link
 * BCEWithLogitsLoss} is the better choice: it stays exact where a probability rounds to 0 or 1.
 * With weights {@code w}, each element contributes
 *
 * <pre>{@code
 * ℓ = −w (y log x + (1 − y) log(1 − x))        x probability, y label
 * }</pre>
 *
 * <p>Logarithms are clamped at −100, so that no value exceeds 100 w. The gradient is {@code w (x −
 * y) / max(x (1 − x), 1e-12)}, so a prediction that is certain and wrong has a gradient of size
 * 1e12 rather than 0.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape, in [0, 1]
 *   <li>{@code predictions: [(*)]}, same shape as the label, in [0, 1]
 *   <li>{@code out: ()}, or {@code (*)} with {@code NONE}; {@code MEAN} divides by the number of
 *       elements, regardless of the weights
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = Losses.bceLoss();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(probabilities));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.BCELoss(weight, reduction)} and {@code mindspore.nn.BCELoss}.
 * Weights here belong to the last axis; weights that change with the batch are passed with the
 * labels, with {@code optSampleWeighting(MEAN_BY_COUNT)}. A prediction outside [0, 1] gives NaN
 * here and an error there and in strict validation; a label outside [0, 1] is used as it is, and
 * rejected in strict validation.
 */
public final class BCELoss extends ElementwiseLoss {

    private static final Script SCRIPT =
            Script.closedForm("x")
                    .labels("y")
                    .gradient(BinaryCrossEntropy.GRADIENT)
                    .value("(" + BinaryCrossEntropy.VALUES + ").sum()")
                    .small(kernel("y", "None"))
                    .build();

    private static final Script WEIGHTED =
            Script.closedForm("x")
                    .labels("y")
                    .constants("w")
                    .rows()
                    .divisor("torch.numel(x)")
                    .gradient(BinaryCrossEntropy.GRADIENT + ".mul_(w)")
                    .value("(" + BinaryCrossEntropy.VALUES + ").mul_(w).sum()")
                    .small(kernel("y w", "w"))
                    .build();

    private static Script kernel(String constants, String weight) {
        return Script.of(
                "x",
                constants,
                "",
                "return torch.binary_cross_entropy(x, y, " + weight + ", reduction)");
    }

    private final double @Nullable [] weight;

    private BCELoss(Builder builder) {
        super(builder);
        weight = builder.weight;
    }

    /** {@inheritDoc} */
    @Override
    protected void checkShape(NDArray prediction) {
        LastAxis.check(getName(), "weight", weight, prediction);
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        Checks.unitInterval(getName(), "labels[0]", label);
        Checks.unitInterval(getName(), "predictions[0]", prediction);
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return weighted(BinaryCrossEntropy.of(label, prediction));
    }

    private Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        Divisor divisor = Divisor.of(prediction.size());
        NDArray values = scaled(BinaryCrossEntropy.values(label, prediction));
        NDArray sum = Sums.sumOfConstant(values);
        values.close();
        return gradient
                ? Outcome.of(
                        sum, divisor, 1, scaled(BinaryCrossEntropy.gradient(label, prediction)))
                : Outcome.of(sum, divisor);
    }

    private NDArray scaled(NDArray values) {
        return weight == null ? values : values.muli(LastAxis.row(weight, values));
    }

    private NDArray weighted(NDArray values) {
        return weight == null ? values : values.mul(LastAxis.row(weight, values));
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                Reading.graph(),
                script(weight == null ? SCRIPT : WEIGHTED, this::arrays),
                closedForm(Thresholds.ALWAYS, this::inClosedForm));
    }

    private @Nullable List<NDArray> arrays(NDArray label, NDArray prediction) {
        return LastAxis.arrays(label, prediction, weight, null);
    }

    /**
     * Creates a builder with the defaults: no weights, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link BCELoss}. */
    public static final class Builder extends LossBuilder<BCELoss, Builder> {

        private double @Nullable [] weight;

        Builder() {
            super("BCELoss", BCELoss::new);
        }

        /**
         * Sets a weight for each position of the last axis (default 1 for all).
         *
         * @param weight one number for all, or one per position; finite and non-negative
         * @return this {@code Builder}
         */
        public Builder optWeight(double... weight) {
            this.weight = weights("weight", weight);
            return this;
        }
    }
}
