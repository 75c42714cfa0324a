/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.classification;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.Goal;
import io.djlosses.api.Inputs;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Masks;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.binary.SigmoidFocalLoss;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.ClassAxis;
import io.djlosses.internal.kernel.ClassTargets;
import io.djlosses.internal.kernel.CrossEntropyScript;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The focal loss for exclusive classes: a cross entropy that gives little weight to well-classified
 * samples.
 *
 * <p>Use it if easy samples far outnumber the hard ones. {@link SigmoidFocalLoss} is the variant
 * for independent yes-or-no decisions. With {@code p = softmax(x)} and class weights {@code w} each
 * position contributes
 *
 * <pre>{@code
 * indices:  ℓ = −w[y] (1 − p[y])^γ log p[y]
 * one-hot:  ℓ[c] = −y[c] w[c] (1 − p[c])^γ log p[c]        for each class c
 * }</pre>
 *
 * <p>and the values of the positions d1, …, dK are averaged into one value per sample. With γ = 0
 * this is the cross entropy. The gradient at p = 1 is its limit 0 for every γ &gt; 0.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(N, 1, d1, …, dK)]} or {@code (N, d1, …, dK)}, class indices of any integer
 *       or floating-point type; or {@code (N, C, d1, …, dK)}, one-hot or probabilities, of any type
 *   <li>{@code predictions: [(N, C)]} or {@code (N, C, d1, …, dK)}: logits
 *   <li>{@code out: ()}, or with {@code NONE} {@code (N)} for indices and {@code (N, C)} for
 *       one-hot labels
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>{@code MEAN} divides by N for indices, regardless of the weights. For one-hot labels it
 * divides by N · C, so the mean is C times smaller than for the same labels as indices.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = SoftmaxFocalLoss.builder().optGamma(1.5).build();
 * NDArray value = loss.evaluate(new NDList(classes), new NDList(logits));
 * }</pre>
 *
 * <p>Equivalent to {@code mindspore.nn.FocalLoss(weight, gamma, reduction)}; no equivalent in
 * PyTorch. Differences: any number of axes and labels without a class axis are accepted, negative
 * indices are rejected, the gradient for γ &lt; 1 at p = 1 is 0 rather than NaN, and a label of 0
 * at a logit of −∞ counts 0 rather than NaN. With a single class, labels are taken as indices, as
 * there.
 *
 * @see <a href="https://arxiv.org/abs/1708.02002">Lin et al. 2017, Focal Loss for Dense Object
 *     Detection</a>
 */
public final class SoftmaxFocalLoss extends AbstractLoss {

    /** Needs q = p[y]. */
    private static final String POWER =
            """
            rest = torch.rsub(q, 1)
            gone = torch.eq(rest, 0)
            steep = torch.pow(rest, gamma - 1.)
            power = torch.mul(steep, rest)
            """;

    /** Sets the derivative with respect to log q. */
    private static final String SLOPE =
            """
            slope = torch.sub(power, torch.xlogy(q, q).mul_(steep).mul_(gamma))
            slope.masked_fill_(gone, 0)
            """;

    /** Needs log q. */
    private static final String SUM =
            "torch.neg(torch.sum(torch.masked_fill(torch.mul(l, power), gone, 0)))";

    private static final Script SCRIPT = scriptOf("").small(smallOf("x y", "")).build();
    private static final Script WEIGHTED =
            scriptOf("torch.take(w, i)")
                    .constants("w")
                    .small(smallOf("x y w", "torch.take(w, i)"))
                    .build();

    /** Lets the engine compute the gradient of log q. */
    private static Script smallOf(String arrays, String weight) {
        return Script.of(
                arrays,
                "gamma=2",
                """
                i = torch.unsqueeze(y, 1)
                own = torch.gather(torch.log_softmax(x, 1), 1, i)
                l = torch.detach(own)
                q = torch.exp(l)
                """
                        + POWER
                        + SLOPE
                        + (weight.isEmpty()
                                ? ""
                                : "slope.mul_(WEIGHT)\npower.mul_(WEIGHT)\n"
                                        .replace("WEIGHT", weight))
                        + """
                        factor = 1. / torch.numel(y) if mean else 1.
                        value = torch.mul(SUM, factor)
                        if not gradient:
                          return value
                        carrier = torch.dot(torch.flatten(own), torch.flatten(slope))
                        result = torch.mul(carrier, -factor)
                        result.detach().copy_(value)
                        return result
                        """
                                .replace("SUM", SUM));
    }

    /**
     * Writes the derivative with respect to log p[y], times that of log p[y], into the array of the
     * gradient.
     */
    private static Script.ClosedFormBuilder scriptOf(String weight) {
        String values =
                CrossEntropyScript.LOG
                        + """
                        q = torch.gather(p, 1, i)
                        """
                        + POWER;
        String weighed = weight.isEmpty() ? "" : "power.mul_(" + weight + ")\n";
        return Script.closedForm("x")
                .labels("y")
                .numbers("gamma=2")
                .rows()
                .least(CrossEntropyScript.LARGE)
                .shared("i = torch.unsqueeze(y, 1)")
                .gradient(
                        CrossEntropyScript.SOFTMAX
                                + values
                                + SLOPE
                                + "dx.scatter_(1, i, -1, reduce=\"add\")\n"
                                + (weight.isEmpty() ? "" : "slope.mul_(" + weight + ")\n")
                                + "dx.mul_(slope)\n"
                                + weighed)
                .withoutGradient(CrossEntropyScript.SOFTMAX_ONLY + values + weighed)
                .value(SUM)
                .divisor("torch.numel(y)");
    }

    private final double @Nullable [] weight;
    private final double gamma;

    private SoftmaxFocalLoss(Builder builder) {
        super(builder);
        weight = builder.weight;
        gamma = builder.gamma;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "target");
        Checks.count(getName(), "predictions", predictions, "logits");
        NDArray logits = predictions.get(0);
        Checks.rank(
                getName(), "predictions[0]", logits, 2, Integer.MAX_VALUE, "(N, C) or (N, C, …)");
        ClassAxis.check(getName(), logits, "weight", weight);
        if (!isOneHot(labels.get(0), logits)) {
            ClassAxis.checkIndices(getName(), labels.get(0), logits);
        }
    }

    private static boolean isOneHot(NDArray label, NDArray logits) {
        return label.getShape().equals(logits.getShape()) && !ClassAxis.isIndex(label, logits);
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        if (isOneHot(labels.get(0), predictions.get(0))) {
            ClassAxis.checkProbabilities(getName(), Nd.cast(labels.get(0), predictions.get(0)));
        }
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        Shape shape = predictions.get(0).getShape();
        return shape.slice(0, isOneHot(labels.get(0), predictions.get(0)) ? 2 : 1);
    }

    /** {@inheritDoc} */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        NDArray logits = predictions.get(0);
        boolean oneHot = isOneHot(labels.get(0), logits);
        // The values of one-hot labels have a class, but each of them needs all logits of a sample.
        NDArray samples = positions(oneHot ? Nd.any(mask, 1).squeeze(1) : mask, logits, 1);
        Inputs shown = ClassAxis.masked(samples, labels, predictions, oneHot);
        return oneHot
                ? new Inputs(new NDList(shown(mask, labels.get(0), logits)), shown.predictions())
                : shown;
    }

    /** Replaces the hidden classes of one-hot labels by equal shares of what the others leave. */
    private static NDArray shown(NDArray mask, NDArray label, NDArray logits) {
        NDArray target = Nd.cast(label, logits);
        NDArray wide = positions(mask, logits, 0);
        if (wide.getShape().get(1) == 1) {
            return Masks.shown(wide, target, 1.0 / logits.getShape().get(1));
        }
        NDArray rest = Nd.complement(Nd.sum(Nd.where(wide, target, 0), 1, true));
        NDArray hidden = Nd.sum(Nd.cast(wide.logicalNot(), logits), 1, true);
        return Nd.where(wide, target, rest.div(hidden.maximum(Nd.num(hidden, 1))));
    }

    /** Appends axes of size 1, up to the rank of the logits without some axes. */
    private static NDArray positions(NDArray mask, NDArray logits, int without) {
        NDArray wide = mask;
        while (wide.getShape().dimension() < logits.getShape().dimension() - without) {
            wide = wide.expandDims(wide.getShape().dimension());
        }
        return wide;
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray label = labels.get(0);
        NDArray logits = predictions.get(0);
        NDArray values; // [N, *] or [N, C, *]
        if (isOneHot(label, logits)) {
            NDArray target = Nd.cast(label, logits);
            target = weight == null ? target : target.mul(ClassAxis.row(weight, logits));
            values = Nd.product(target, focal(Nd.logSoftmax(logits, 1))).neg();
        } else {
            ClassTargets targets = ClassAxis.targets(this, label, logits, null, weight);
            NDArray logProb = Nd.logSoftmax(logits, targets.index());
            values = targets.weigh(focal(logProb).neg()).values();
        }
        return Terms.of(meanOfPositions(values, unreducedShape(labels, predictions)));
    }

    /** Returns (1 − p)^γ log p. */
    private NDArray focal(NDArray logProb) {
        if (gamma == 0) {
            return logProb;
        }
        NDArray rest = logProb.exp().neg().add(1);
        // At p = 1 and p = 0, one factor of the derivative is infinite and another is 0.
        NDArray certain = rest.eq(0);
        NDArray extreme = certain.logicalOr(logProb.eq(Double.NEGATIVE_INFINITY));
        NDArray power = Nd.pow(Nd.where(extreme, rest.onesLike(), rest), gamma);
        return Nd.where(certain, rest.zerosLike(), power.mul(logProb));
    }

    private static NDArray meanOfPositions(NDArray values, Shape shape) {
        if (values.getShape().equals(shape)) {
            return values;
        }
        double positions = values.size() / (double) shape.size();
        NDArray sum = Nd.sum(values.reshape(shape.add((long) positions)), -1);
        return Nd.div(sum, positions);
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray logits = predictions.get(0);
        NDArray label = labels.get(0);
        boolean averages = logits.getShape().dimension() > 2 && (goal.apart() || !goal.isMean());
        if (gamma == 0 || averages || isOneHot(label, logits)) {
            return null;
        }
        ClassTargets.Checked targets = ClassAxis.indices(this, label, logits, null, weight);
        if (targets == null) {
            return null;
        }
        Divisor divisor = Divisor.of(label.size());
        return weight == null
                ? new Reading.Call(SCRIPT, divisor, List.of(logits, targets.index()), gamma)
                : new Reading.Call(
                        WEIGHTED,
                        divisor,
                        List.of(logits, targets.index(), Script.constant(weight, logits)),
                        gamma);
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(Reading.graph(), Reading.script(this::call));
    }

    /**
     * Creates a builder with the defaults: no class weights, γ = 2, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link SoftmaxFocalLoss}. */
    public static final class Builder extends LossBuilder<SoftmaxFocalLoss, Builder> {

        private double @Nullable [] weight;
        private double gamma = 2;

        Builder() {
            super("SoftmaxFocalLoss", SoftmaxFocalLoss::new);
        }

        /**
         * Sets the weight of each class (default 1 for all).
         *
         * @param weight one number per class, finite and non-negative
         * @return this {@code Builder}
         */
        public Builder optWeight(double... weight) {
            this.weight = weights("weight", weight);
            return this;
        }

        /**
         * Sets the exponent γ, which reduces the weight of well-classified samples (default 2).
         *
         * @param gamma the exponent γ, finite and non-negative
         * @return this {@code Builder}
         */
        public Builder optGamma(double gamma) {
            this.gamma = notNegative("gamma", gamma);
            return this;
        }
    }
}
