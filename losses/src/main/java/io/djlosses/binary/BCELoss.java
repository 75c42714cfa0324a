/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

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
import io.djlosses.internal.kernel.ElementWeights;

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
 * <p>With label smoothing s, the label is y (1 − s) + s / 2. Logarithms are clamped at −100, so
 * that no value exceeds 100 w. The gradient is {@code w (x − y) / max(x (1 − x), 1e-12)}, so a
 * prediction that is certain and wrong has a gradient of size 1e12 rather than 0.
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
 * Weights that change with the batch are passed with the labels, with {@code
 * optSampleWeighting(MEAN_BY_COUNT)}. Label smoothing is Keras's. A prediction outside [0, 1] gives
 * NaN here and an error there and in strict validation; a label outside [0, 1] is used as it is,
 * and rejected in strict validation.
 */
public final class BCELoss extends ElementwiseLoss {

    private static final Script SCRIPT =
            Script.closedForm("x", "y", "")
                    .gradient(BinaryCrossEntropy.GRADIENT)
                    .value("(" + BinaryCrossEntropy.VALUES + ").sum()")
                    .small("return torch.binary_cross_entropy(x, y, None, reduction)")
                    .build();

    private static final Script WEIGHTED =
            Script.closedForm("x", "y", "")
                    .constants("w")
                    .rows()
                    .divisor("torch.numel(x)")
                    .gradient(BinaryCrossEntropy.GRADIENT + ".mul_(w)")
                    .value("(" + BinaryCrossEntropy.VALUES + ").mul_(w).sum()")
                    .small("return torch.binary_cross_entropy(x, y, w, reduction)")
                    .build();

    private final @Nullable ElementWeights weight;
    private final double labelSmoothing;

    private BCELoss(Builder builder) {
        super(builder);
        weight = builder.weight;
        labelSmoothing = builder.labelSmoothing;
    }

    /** {@inheritDoc} */
    @Override
    protected void checkShape(NDArray prediction) {
        ElementWeights.check(getName(), "weight", weight, prediction);
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
        NDArray smooth = BinaryCrossEntropy.smoothed(label, labelSmoothing);
        return ElementWeights.weighted(BinaryCrossEntropy.of(smooth, prediction), weight);
    }

    private Outcome inClosedForm(NDArray hard, NDArray prediction, boolean gradient) {
        NDArray label = BinaryCrossEntropy.smoothed(hard, labelSmoothing);
        Divisor divisor = Divisor.of(prediction.size());
        NDArray values =
                ElementWeights.scaled(BinaryCrossEntropy.values(label, prediction), weight);
        NDArray sum = Sums.sumOfConstant(values);
        values.close();
        return Outcome.of(
                sum,
                divisor,
                gradient,
                1,
                () ->
                        ElementWeights.scaled(
                                BinaryCrossEntropy.gradient(label, prediction), weight));
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
        NDArray smooth = BinaryCrossEntropy.smoothed(label, labelSmoothing);
        return ElementWeights.arrays(smooth, prediction, weight);
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

        private @Nullable ElementWeights weight;
        private double labelSmoothing;

        Builder() {
            super("BCELoss", BCELoss::new);
        }

        /**
         * Sets a weight for each position of the last axis (default 1 for all).
         *
         * @param weight one number for all, or one per position; finite, and negative ones only
         *     without strict validation
         * @return this {@code Builder}
         */
        public Builder optWeight(double... weight) {
            this.weight = ElementWeights.of(weights("weight", weight));
            return this;
        }

        /**
         * Sets the weights as an array, row by row.
         *
         * @param weight the numbers, finite; negative ones only without strict validation
         * @param shape their shape, which broadcasts to the prediction: {@code (N, C)}, {@code (C,
         *     1, 1)} for the channels of (N, C, H, W), and so on
         * @return this {@code Builder}
         */
        public Builder optWeight(double[] weight, Shape shape) {
            this.weight = ElementWeights.of(name, "weight", weights("weight", weight), shape);
            set("weight", this.weight);
            return this;
        }

        /**
         * Sets the label smoothing {@code s} (default 0), as Keras does: a label {@code y} becomes
         * {@code y (1 − s) + s / 2}.
         *
         * @param labelSmoothing a number in [0, 1]
         * @return this {@code Builder}
         */
        public Builder optLabelSmoothing(double labelSmoothing) {
            this.labelSmoothing = range("labelSmoothing", labelSmoothing, 0, 1);
            return this;
        }
    }
}
