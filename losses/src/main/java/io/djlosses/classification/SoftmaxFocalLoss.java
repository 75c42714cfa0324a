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
import io.djlosses.api.Masks;
import io.djlosses.api.Reading;
import io.djlosses.api.Terms;
import io.djlosses.binary.SigmoidFocalLoss;
import io.djlosses.internal.core.Thresholds;
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
 *       or floating-point type or BOOLEAN; or {@code (N, C, d1, …, dK)}, one-hot or probabilities,
 *       of any type
 *   <li>{@code predictions: [(N, C)]} or {@code (N, C, d1, …, dK)}: logits
 *   <li>{@code optClassAxis} moves the classes to another axis of the predictions, and of labels
 *       with one number per class: with −1 the forms are {@code (N, d1, …, dK, C)} and {@code (N,
 *       d1, …, dK)}. It costs nothing if the classes are last, and a copy elsewhere
 *   <li>{@code out: ()}, or with {@code NONE} {@code (N)} for indices and {@code (N, C)} for
 *       one-hot labels
 * </ul>
 *
 * <h2>Reduction</h2>
 *
 * <p>{@code MEAN} divides by N for indices, regardless of the weights; if some positions are
 * ignored, by the share of those that are not, so that it is the mean over them. For one-hot labels
 * it divides by N · C, so the mean is C times smaller than for the same labels as indices.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = SoftmaxFocalLoss.builder().optGamma(1.5).build();
 * NDArray value = loss.evaluate(new NDList(classes), new NDList(logits));
 * }</pre>
 *
 * <p>Equivalent to {@code mindspore.nn.FocalLoss(weight, gamma, reduction)}; no equivalent in
 * PyTorch. Differences: any number of axes and labels without a class axis are accepted, positions
 * can be ignored, negative indices are rejected, the gradient for γ &lt; 1 at p = 1 is 0 rather
 * than NaN, and a label of 0 at a logit of −∞ counts 0 rather than NaN. With a single class, labels
 * are taken as indices, as there.
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
        return Script.closedForm("x", "y", "gamma=2")
                .rows()
                .least(Thresholds.BLOCKS)
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
    private final @Nullable Long ignoreIndex;
    private final ClassAxis classAxis;

    private SoftmaxFocalLoss(Builder builder) {
        super(builder);
        weight = builder.weight;
        gamma = builder.gamma;
        ignoreIndex = builder.ignoreIndex;
        classAxis = builder.classAxis;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "target");
        Checks.count(getName(), "predictions", predictions, "logits");
        NDArray logits = predictions.get(0);
        Checks.rank(
                getName(), "predictions[0]", logits, 2, Integer.MAX_VALUE, "(N, C) or (N, C, …)");
        classAxis.check(getName(), logits, "weight", weight);
        if (!isOneHot(labels.get(0), logits)) {
            classAxis.checkIndices(getName(), labels.get(0), logits);
        } else if (ignoreIndex != null) {
            throw Checks.failure(
                    getName(),
                    "ignoreIndex",
                    "not be set with one-hot labels, which it cannot apply to",
                    ignoreIndex);
        }
    }

    private boolean isOneHot(NDArray label, NDArray logits) {
        Shape shape = logits.getShape();
        return label.getShape().equals(shape) && !classAxis.isIndex(shape, shape);
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDList labels, NDList predictions) {
        if (isOneHot(labels.get(0), predictions.get(0))) {
            classAxis.checkProbabilities(getName(), Nd.cast(labels.get(0), predictions.get(0)));
        }
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        NDArray logits = predictions.get(0);
        Shape samples = classAxis.without(logits.getShape()).slice(0, 1);
        return isOneHot(labels.get(0), logits) ? samples.add(classAxis.classes(logits)) : samples;
    }

    /** {@inheritDoc} */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        NDArray logits = predictions.get(0);
        if (!isOneHot(labels.get(0), logits)) {
            return classAxis.masked(mask, labels, predictions, false);
        }
        // The values have a class, but each of them needs all logits of a sample.
        NDArray wide = Nd.withRank(mask, logits.getShape().dimension());
        NDArray label = shown(wide, classAxis.moved(labels.get(0)), classAxis.moved(logits));
        NDArray samples = classAxis.row(Nd.any(mask, 1).squeeze(1), logits);
        return new Inputs(
                new NDList(classAxis.restored(label, logits)),
                new NDList(Masks.shown(samples, logits, 0)));
    }

    /** Replaces the hidden classes of one-hot labels by equal shares of what the others leave. */
    private static NDArray shown(NDArray wide, NDArray label, NDArray logits) {
        NDArray target = Nd.cast(label, logits);
        if (wide.getShape().get(1) == 1) {
            return Masks.shown(wide, target, 1.0 / logits.getShape().get(1));
        }
        NDArray rest = Nd.complement(Nd.sum(Nd.where(wide, target, 0), 1, true));
        NDArray hidden = Nd.sum(Nd.cast(wide.logicalNot(), logits), 1, true);
        return Nd.where(wide, target, rest.div(hidden.maximum(Nd.num(hidden, 1))));
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        Shape shape = unreducedShape(labels, predictions);
        if (isOneHot(labels.get(0), predictions.get(0))) {
            NDArray logits = classAxis.moved(predictions.get(0)); // [N, C, *]
            NDArray target = Nd.cast(classAxis.moved(labels.get(0)), logits);
            target = weight == null ? target : target.mul(ClassAxis.row(weight, logits));
            NDArray values = Nd.product(target, focal(Nd.logSoftmax(logits, 1))).neg();
            return Terms.of(meanOfPositions(values, shape));
        }
        Inputs given = classAxis.arranged(labels, predictions);
        NDArray logits = given.predictions().get(0);
        ClassTargets targets =
                ClassAxis.targets(this, given.labels().get(0), logits, ignoreIndex, weight);
        NDArray shown = targets.shown(logits, ClassAxis.of(logits));
        NDArray logProb = Nd.logSoftmax(shown, targets.index());
        NDArray values = targets.weigh(focal(logProb).neg()).values(); // [N, *]
        Terms terms = Terms.of(meanOfPositions(values, shape));
        NDArray kept = targets.kept();
        return kept == null
                ? terms
                : terms.withShares(meanOfPositions(Nd.cast(kept, logits), shape));
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
        boolean averages =
                predictions.get(0).getShape().dimension() > 2 && (goal.apart() || !goal.isMean());
        if (gamma == 0 || averages || isOneHot(labels.get(0), predictions.get(0))) {
            return null;
        }
        Inputs given = classAxis.arranged(labels, predictions);
        NDArray label = given.labels().get(0);
        NDArray logits = given.predictions().get(0);
        ClassTargets.Checked targets = ClassAxis.indices(this, label, logits, ignoreIndex, weight);
        if (targets == null || targets.kept() != null) {
            return null;
        }
        NDList arrays = new NDList(logits, targets.index());
        if (weight != null) {
            arrays.add(Script.constant(weight, logits));
        }
        Script script = weight == null ? SCRIPT : WEIGHTED;
        return new Reading.Call(script, label.size(), arrays, gamma);
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
        private @Nullable Long ignoreIndex;
        private ClassAxis classAxis = ClassAxis.DEFAULT;

        Builder() {
            super("SoftmaxFocalLoss", SoftmaxFocalLoss::new);
        }

        /**
         * Sets the weight of each class (default 1 for all).
         *
         * @param weight one number per class, finite, and negative ones only without strict
         *     validation
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

        /**
         * Sets the class index of the positions to ignore, such as void pixels (default none). They
         * count neither in a sum nor in a mean. One-hot labels have no index to ignore: they are an
         * error then.
         *
         * @param ignoreIndex any number
         * @return this {@code Builder}
         */
        public Builder optIgnoreIndex(long ignoreIndex) {
            this.ignoreIndex = set("ignoreIndex", ignoreIndex);
            return this;
        }

        /**
         * Sets the axis of the classes (default 1: (N, C, …), as in PyTorch). Set it to −1 for (N,
         * …, C), which sequence models and DJL's own losses have.
         *
         * @param classAxis the axis; a negative number counts from the end
         * @return this {@code Builder}
         */
        public Builder optClassAxis(int classAxis) {
            this.classAxis = new ClassAxis(set("classAxis", classAxis));
            return this;
        }
    }
}
