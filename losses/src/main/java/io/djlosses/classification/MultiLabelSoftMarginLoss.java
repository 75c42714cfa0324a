/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.classification;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Goal;
import io.djlosses.api.Inputs;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.binary.BCEWithLogitsLoss;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.BinaryCrossEntropy;
import io.djlosses.internal.kernel.ElementWeights;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The binary cross entropy of logits, averaged over the classes of each sample.
 *
 * <p>Use it if a sample may have any number of classes; {@link BCEWithLogitsLoss} is the same
 * without the average and with a weight for positive labels. With class weights {@code w} each
 * sample contributes
 *
 * <pre>{@code
 * ℓ = 1 / C · Σc w[c] (y[c] softplus(−x[c]) + (1 − y[c]) softplus(x[c]))     x logits, y labels
 *   = −1 / C · Σc w[c] (y[c] log σ(x[c]) + (1 − y[c]) log σ(−x[c]))
 * }</pre>
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(N, C)]}, {@code (*, C)} or {@code (C)}, in [0, 1], of any type
 *   <li>{@code predictions: [(N, C)]}, {@code (*, C)} or {@code (C)}: logits; classes are on the
 *       last axis
 *   <li>{@code out: ()}, or {@code (N)}, all axes but the last, with {@code NONE}; {@code MEAN}
 *       divides by the number of samples, regardless of the weights
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = Losses.multiLabelSoftMarginLoss();
 * NDArray value = loss.evaluate(new NDList(labels), new NDList(logits));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.MultiLabelSoftMarginLoss(weight, reduction)} and {@code
 * mindspore.nn.MultiLabelSoftMarginLoss}. Difference: labels are never broadcast, and weights only
 * to the predictions, and there must be a class: other shapes are a mistake rather than a wish. A
 * label outside [0, 1] is used as it is, as there; strict validation rejects it.
 */
public final class MultiLabelSoftMarginLoss extends AbstractLoss {

    private static final Script SCRIPT =
            Script.closedForm("x", "y", "classes")
                    .divisor("(torch.numel(x) / classes)")
                    .gradient("torch.sigmoid(x, out=dx).sub_(y)")
                    .scale("1. / classes")
                    // Not as for binary cross entropy, which gives NaN for infinite logits.
                    .value(
                            "torch.relu(-x).mul_(y).add_(torch.relu(x).mul_(1. - y)).sub_("
                                    + BinaryCrossEntropy.MINUS_SOFTPLUS
                                    + ").sum() / classes")
                    .least(Thresholds.ALWAYS)
                    .build();

    private final @Nullable ElementWeights weight;

    private MultiLabelSoftMarginLoss(Builder builder) {
        super(builder);
        weight = builder.weight;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "label");
        Checks.count(getName(), "predictions", predictions, "logits");
        NDArray logits = predictions.get(0);
        Checks.rank(getName(), "predictions[0]", logits, 1, Integer.MAX_VALUE, "(…, C)");
        Shape shape = logits.getShape();
        require(shape.tail() > 0, "predictions[0]", "have at least one class", shape);
        Checks.shape(
                getName(), "labels[0]", labels.get(0).getShape(), shape, "match predictions[0]");
        ElementWeights.check(getName(), "weight", weight, logits);
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        Checks.unitInterval(getName(), "labels[0]", labels.get(0));
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        Shape shape = predictions.get(0).getShape();
        return shape.slice(0, shape.dimension() - 1);
    }

    /** {@inheritDoc} */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        NDArray logits = predictions.get(0);
        Shape shape = mask.getShape();
        while (shape.dimension() < logits.getShape().dimension()) {
            shape = shape.add(1);
        }
        return new Inputs(labels, new NDList(Nd.where(mask.reshape(shape), logits, 0)));
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray logits = predictions.get(0);
        NDArray label = Nd.cast(labels.get(0), logits);
        NDArray positive = label.mul(Nd.softplus(logits.neg()));
        NDArray negative = label.neg().add(1).mul(Nd.softplus(logits));
        NDArray values = ElementWeights.weighted(positive.add(negative), weight);
        NDArray sums = Nd.sum(values, -1);
        return Terms.of(Nd.div(sums, logits.getShape().tail()));
    }

    private Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        NDArray logits = predictions.get(0);
        NDArray label = Nd.cast(labels.get(0), logits);
        double classes = logits.getShape().tail();
        double divisor = (double) logits.size() / classes;
        // softplus(±x) = max(±x, 0) + log1p(exp(−|x|)): a single logarithm for both.
        NDArray softplus = logits.abs().negi();
        NDArray values = Constants.positivePart(logits.neg()).muli(label);
        values.addi(Constants.positivePart(logits).muli(Nd.complement(label)));
        NDArray sum =
                weight == null
                        ? Constants.sumOfSoftplusOfNegative(softplus)
                                .addi(Sums.sumOfConstant(values))
                        : Sums.sumOfConstant(
                                ElementWeights.scaled(
                                        values.addi(Constants.softplusOfNegative(softplus)),
                                        weight));
        sum = sum.div(Nd.num(sum, classes));
        if (!goal.gradient()) {
            return Outcome.of(sum, divisor);
        }
        NDArray slope = Nd.sigmoid(logits).subi(label);
        return Outcome.of(sum, divisor, 1 / classes, ElementWeights.scaled(slope, weight));
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray logits = predictions.get(0);
        NDArray label = Nd.cast(labels.get(0), logits);
        long classes = logits.getShape().tail();
        double divisor = (double) logits.size() / classes;
        return weight == null
                ? new Reading.Call(SCRIPT, divisor, List.of(logits, label), classes)
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
     * Creates a builder with the defaults: no class weights, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link MultiLabelSoftMarginLoss}. */
    public static final class Builder extends LossBuilder<MultiLabelSoftMarginLoss, Builder> {

        private @Nullable ElementWeights weight;

        Builder() {
            super("MultiLabelSoftMarginLoss", MultiLabelSoftMarginLoss::new);
        }

        /**
         * Sets the weight of each class (default 1 for all).
         *
         * @param weight one number for all, or one per class; finite, and negative ones only
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
         * @param shape their shape, which broadcasts to the prediction: {@code (C)}, {@code (N,
         *     C)}, {@code (N, 1)} for the samples, and so on
         * @return this {@code Builder}
         */
        public Builder optWeight(double[] weight, Shape shape) {
            this.weight = ElementWeights.of(name, "weight", weights("weight", weight), shape);
            set("weight", this.weight);
            return this;
        }
    }
}
