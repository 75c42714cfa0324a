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
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The binary cross entropy of logits, for independent yes-or-no decisions, computed without
 * overflow.
 *
 * <p>Prefer it to {@link BCELoss} on the output of a sigmoid, whose logarithm loses precision. With
 * weights {@code w} and a weight {@code p} of positive labels, each element contributes
 *
 * <pre>{@code
 * ℓ = w ((1 − y) x + (1 + (p − 1) y) softplus(−x))        x logit, y label
 *   = −w (p y log σ(x) + (1 − y) log(1 − σ(x)))
 * }</pre>
 *
 * <p>With label smoothing s, the label is y (1 − s) + s / 2.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(*)]}, any shape, in [0, 1]
 *   <li>{@code predictions: [(*)]}, same shape as the label
 *   <li>{@code out: ()}, or {@code (*)} with {@code NONE}; {@code MEAN} divides by the number of
 *       elements, regardless of the weights
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * // the positive class is three times rarer
 * Loss loss = BCEWithLogitsLoss.builder().optPosWeight(3).build();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(logits));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.BCEWithLogitsLoss(weight, reduction, pos_weight)} and {@code
 * mindspore.nn.BCEWithLogitsLoss}. Weights that change with the batch are passed with the labels,
 * with {@code optSampleWeighting(MEAN_BY_COUNT)}. Label smoothing is Keras's. A label outside [0,
 * 1] is used as it is, as there; strict validation rejects it.
 */
public final class BCEWithLogitsLoss extends ElementwiseLoss {

    private static final Script SCRIPT = Script.of("x", "y", "", kernel("None", "None"));

    private static final Script WEIGHTED =
            weighted("w", ".mul_(w)").small(kernel("w", "None")).build();

    private static final Script POSITIVE_WEIGHTED =
            positiveWeighted("p", "").small(kernel("None", "p")).build();

    private static final Script WEIGHTED_TWICE =
            positiveWeighted("w p", ".mul_(w)").small(kernel("w", "p")).build();

    private static String kernel(String weight, String posWeight) {
        return "return torch.binary_cross_entropy_with_logits(x, y, %s, %s, reduction)"
                .formatted(weight, posWeight);
    }

    private static Script.ClosedFormBuilder weighted(String weights, String scaled) {
        return Script.closedForm("x", "y", "")
                .constants(weights)
                .rows()
                .least(Thresholds.BLOCKS)
                .divisor("torch.numel(x)")
                .gradient("torch.sigmoid(x, out=dx).sub_(y)" + scaled)
                .value("(" + BinaryCrossEntropy.OF_LOGITS + ")" + scaled + ".sum()");
    }

    private static Script.ClosedFormBuilder positiveWeighted(String weights, String scaled) {
        return weighted(weights, scaled)
                .shared("f = (y * (p - 1.)).add_(1.)")
                .gradient("torch.sigmoid(x, out=dx).mul_(f).sub_(y * p)" + scaled)
                .value(
                        "(1. - y).mul_(x).sub_(torch.clamp(x, max=0.).add_("
                                + BinaryCrossEntropy.MINUS_SOFTPLUS
                                + ").mul_(f))"
                                + scaled
                                + ".sum()");
    }

    private final @Nullable ElementWeights weight;
    private final @Nullable ElementWeights posWeight;
    private final double labelSmoothing;

    private BCEWithLogitsLoss(Builder builder) {
        super(builder);
        weight = builder.weight;
        posWeight = builder.posWeight;
        labelSmoothing = builder.labelSmoothing;
    }

    /** {@inheritDoc} */
    @Override
    protected void checkShape(NDArray prediction) {
        ElementWeights.check(getName(), "weight", weight, prediction);
        ElementWeights.check(getName(), "posWeight", posWeight, prediction);
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        Checks.unitInterval(getName(), "labels[0]", label);
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray hard, NDArray prediction) {
        NDArray label = BinaryCrossEntropy.smoothed(hard, labelSmoothing);
        NDArray softplus = Nd.softplus(prediction.neg());
        if (posWeight != null) {
            softplus = softplus.mul(factor(label, posWeight));
        }
        NDArray values = prediction.mul(label.neg().add(1)).add(softplus);
        return ElementWeights.weighted(values, weight);
    }

    private Outcome inClosedForm(NDArray hard, NDArray prediction, boolean gradient) {
        NDArray label = BinaryCrossEntropy.smoothed(hard, labelSmoothing);
        Divisor divisor = Divisor.of(prediction.size());
        NDArray factor = posWeight == null ? null : factor(label, posWeight);
        NDArray sum =
                weight == null && factor == null
                        ? BinaryCrossEntropy.sumOfLogits(label, prediction)
                        : sum(BinaryCrossEntropy.ofLogits(label, prediction, factor));
        if (!gradient) {
            return Outcome.of(sum, divisor);
        }
        NDArray slope = Nd.sigmoid(prediction);
        if (posWeight == null) {
            slope.subi(label);
        } else {
            // As f σ(x) − p y, because (1 − y) − f σ(−x) would cancel.
            slope.muli(factor).subi(label.mul(posWeight.array(label)));
        }
        return Outcome.of(sum, divisor, 1, ElementWeights.scaled(slope, weight));
    }

    private NDArray sum(NDArray values) {
        try (values) {
            return Sums.sumOfConstant(ElementWeights.scaled(values, weight));
        }
    }

    /** Returns 1 + (p − 1) y. */
    private static NDArray factor(NDArray label, ElementWeights posWeight) {
        NDArray excess = posWeight.array(label).sub(1);
        return label.mul(excess).add(1);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        Script unweighted = posWeight == null ? SCRIPT : POSITIVE_WEIGHTED;
        Script weighted = posWeight == null ? WEIGHTED : WEIGHTED_TWICE;
        return List.of(
                Reading.graph(),
                script(weight == null ? unweighted : weighted, this::arrays),
                closedForm(this::inClosedForm));
    }

    private @Nullable List<NDArray> arrays(NDArray label, NDArray prediction) {
        NDArray smooth = BinaryCrossEntropy.smoothed(label, labelSmoothing);
        return ElementWeights.arrays(smooth, prediction, weight, posWeight);
    }

    /**
     * Creates a builder with the defaults: no weights, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link BCEWithLogitsLoss}. */
    public static final class Builder extends LossBuilder<BCEWithLogitsLoss, Builder> {

        private @Nullable ElementWeights weight;
        private @Nullable ElementWeights posWeight;
        private double labelSmoothing;

        Builder() {
            super("BCEWithLogitsLoss", BCEWithLogitsLoss::new);
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
         * Sets the weight of positive labels (default 1). A weight above 1 favors recall, one below
         * 1 precision.
         *
         * @param posWeight one number for all, or one per position of the last axis; finite, and
         *     negative ones only without strict validation
         * @return this {@code Builder}
         */
        public Builder optPosWeight(double... posWeight) {
            this.posWeight = ElementWeights.of(weights("posWeight", posWeight));
            return this;
        }

        /**
         * Sets the weights of positive labels as an array, row by row.
         *
         * @param posWeight the numbers, finite; negative ones only without strict validation
         * @param shape their shape, which broadcasts to the prediction: {@code (N, C)}, {@code (C,
         *     1, 1)} for the channels of (N, C, H, W), and so on
         * @return this {@code Builder}
         */
        public Builder optPosWeight(double[] posWeight, Shape shape) {
            this.posWeight =
                    ElementWeights.of(name, "posWeight", weights("posWeight", posWeight), shape);
            set("posWeight", this.posWeight);
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
