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
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Looks;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.ClassAxis;
import io.djlosses.internal.kernel.ClassTargets;
import io.djlosses.internal.kernel.Hinge;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The multi-class hinge loss for exclusive classes, as in a support vector machine: the score of
 * the correct class should exceed every other score by a margin.
 *
 * <p>Use it if you need a ranking of classes rather than probabilities. With class weights {@code
 * w} each sample contributes
 *
 * <pre>{@code
 * ℓ = w[y] / C · Σ_{i ≠ y} max(0, margin − x[y] + x[i])^p        x scores, y class, p ∈ {1, 2}
 * }</pre>
 *
 * <p>The gradient at the kink is 0.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(N)]}, class indices of any integer or floating-point type or BOOLEAN, also
 *       {@code (N, 1)}; {@code ()} or {@code (1)} for a prediction (C)
 *   <li>{@code predictions: [(N, C)]} or {@code (C)}: scores; {@code ()} is a single class, whose
 *       loss is 0. There are no positions, and so no other class axis: reshape (N, T, C) to (N · T,
 *       C)
 *   <li>{@code out: ()}, or {@code (N)} with {@code NONE}; {@code MEAN} divides by N, regardless of
 *       the weights
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = MultiMarginLoss.builder().optP(2).optMargin(0.5).build();
 * NDArray value = loss.evaluate(new NDList(classes), new NDList(scores));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.MultiMarginLoss(p, margin, weight, reduction)} and {@code
 * mindspore.nn.MultiMarginLoss}. Differences: targets may have any numeric type, an empty batch
 * gives NaN as a mean and 0 as a sum, where PyTorch returns uninitialized memory, and the result of
 * a single sample with {@code NONE} is {@code ()} whatever the label.
 *
 * @see <a href="https://www.jmlr.org/papers/v2/crammer01a.html">Crammer and Singer 2001, On the
 *     Algorithmic Implementation of Multiclass Kernel-based Vector Machines</a>
 */
public final class MultiMarginLoss extends AbstractLoss {

    // The scripts for p = 1 and p = 2.
    private static final List<Script> NATIVE = nativeOf("x y", "None");
    private static final List<Script> NATIVE_WEIGHTED = nativeOf("x y w", "w");
    private static final List<Script> CLOSED =
            List.of(linearOf("", "torch.ones_like(t)"), squaredOf("", ""));
    private static final List<Script> CLOSED_WEIGHTED =
            List.of(linearOf("w", "torch.take(w, i)"), squaredOf("w", "torch.take(w, i)"));

    private static List<Script> nativeOf(String arrays, String weight) {
        String call = "return torch.multi_margin_loss(x, y, %s, margin, %s, reduction)";
        return Stream.of(1, 2)
                .map(p -> Script.of(arrays, "margin=1", call.formatted(p, weight)))
                .toList();
    }

    /**
     * Keeps only the sum of each row of the gradient: a hinge has half the slope of x + |x − t|,
     * where t = x[y] − margin. The engine computes the slope of the second term, as smooth L1 with
     * beta 0, from x and t; where they are equal it is −1.
     */
    private static Script linearOf(String constants, String weight) {
        return Script.closedForm("x", "y", "margin=1")
                .constants(constants)
                .rows()
                .shared(
                        """
                        i = torch.unsqueeze(y, 1)
                        t = torch.gather(x, 1, i) - margin
                        h = torch.sub(x, t).clamp_min_(0.)
                        h.scatter_(1, i, 0)
                        s = torch.sum(h, [1], True) * WEIGHT
                        """
                                .replace("WEIGHT", weight))
                .gradient(
                        """
                        torch.sum(h.sign_(), [1], True, out=dx)
                        dx.add_(torch.gt(torch.gather(x, 1, i), torch.nan_to_num(t)))
                        """)
                .carrier(
                        """
                        i = torch.unsqueeze(y, 1)
                        t = torch.nan_to_num(torch.gather(x_, 1, i) - margin, float("nan"))
                        weight = WEIGHT
                        r = torch.flatten(weight)
                        # The one of the fewest elements last: the engine adds in reverse, in place.
                        all = torch.sum(x, [1])
                        steps = torch.sum(torch.smooth_l1_loss(x, torch.expand(t, torch.size(x)), 0, 0.), [1])
                        own = torch.flatten(torch.gather(x, 1, i, sparse_grad=True))
                        result = torch.dot(all, r)
                        result.add_(torch.dot(steps, r))
                        result.sub_(torch.dot(own, torch.flatten(dx * weight)), alpha=2)
                        """
                                .replace("WEIGHT", weight))
                .scale("0.5 / torch.size(x, 1)")
                .value("torch.div(torch.sum(s), torch.size(x, 1))")
                .build();
    }

    /** Writes the hinges into the array of the gradient. */
    private static Script squaredOf(String constants, String weight) {
        String hinges =
                """
                i = torch.unsqueeze(y, 1)
                own = torch.gather(x, 1, i)
                OUT.clamp_min_(0.)
                OUT.scatter_(1, i, 0)
                s = torch.sum(torch.square(OUT), [1], True)
                """;
        String weigh = weight.isEmpty() ? "" : "s = torch.mul(s, " + weight + ")\n";
        return Script.closedForm("x", "y", "margin=1")
                .constants(constants)
                .rows()
                .gradient(
                        hinges.replace("OUT.c", "torch.sub(x, torch.sub(own, margin), out=dx).c")
                                        .replace("OUT", "dx")
                                + weigh
                                + "dx.scatter_(1, i, torch.neg(torch.sum(dx, [1], True)))\n"
                                + (weight.isEmpty() ? "" : "dx.mul_(" + weight + ")\n"))
                .withoutGradient(
                        hinges.replace("OUT.c", "h = torch.sub(x, torch.sub(own, margin)).c")
                                        .replace("OUT", "h")
                                + weigh)
                .scale("2 / torch.size(x, 1)")
                .value("torch.div(torch.sum(s), torch.size(x, 1))")
                .build();
    }

    private final int p;
    private final double margin;
    private final double @Nullable [] weight;

    private MultiMarginLoss(Builder builder) {
        super(builder);
        p = builder.p;
        margin = builder.margin;
        weight = builder.weight;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "target");
        Checks.count(getName(), "predictions", predictions, "scores");
        NDArray scores = ClassAxis.scores(predictions);
        Checks.rank(getName(), "predictions[0]", scores, 1, 2, "(N, C), (C) or ()");
        ClassAxis.DEFAULT.check(getName(), scores, "weight", weight);
        ClassAxis.DEFAULT.checkIndices(getName(), labels.get(0), scores);
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        return ClassAxis.DEFAULT.without(ClassAxis.scores(predictions).getShape());
    }

    /** {@inheritDoc} */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        return new Inputs(labels, ClassAxis.DEFAULT.masked(mask, predictions));
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        ClassTargets targets = targets(labels, predictions);
        NDArray scores = ClassAxis.batched(ClassAxis.scores(predictions)); // [N, C]
        NDArray index = targets.index().reshape(-1); // [N]
        NDArray isTarget = Hinge.isTarget(index, scores);
        NDArray hinges = Hinge.of(scores, Nd.pick(scores, index), margin, isTarget);
        return Terms.of(values(targets, hinges));
    }

    private ClassTargets targets(NDList labels, NDList predictions) {
        return ClassAxis.targets(this, labels.get(0), ClassAxis.scores(predictions), null, weight);
    }

    /** Returns w[y] / C · Σ hingesᵖ. */
    private NDArray values(ClassTargets targets, NDArray hinges) {
        NDArray sums = Nd.sum(p == 1 ? hinges : hinges.square(), 1); // [N]
        NDArray means = Nd.div(sums, hinges.getShape().get(1));
        return targets.weigh(means.reshape(targets.index().getShape())).values();
    }

    private @Nullable Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        ClassTargets targets = targets(labels, predictions);
        NDArray scores = ClassAxis.batched(ClassAxis.scores(predictions)); // [N, C]
        NDArray index = targets.index().reshape(-1); // [N]
        NDArray isTarget = Nd.oneHot(index, scores.getShape().get(1), scores);
        NDArray hinges = hinges(scores, Nd.pick(scores, index), isTarget);
        NDArray sum = Sums.sumOfConstant(values(targets, hinges));
        if (!Looks.isKnownFinite(sum)) {
            return null; // a product with a mask does not hide infinite values
        }
        long divisor = index.size();
        if (!goal.gradient()) {
            return Outcome.of(sum, divisor);
        }
        // Each hinge pulls its own class down as much as it pushes the target up.
        NDArray slopes = p == 1 ? Constants.sign(hinges) : hinges; // [N, C]
        slopes.subi(isTarget.muli(Sums.sumOfConstant(slopes, 1)));
        NDArray weights = targets.weights();
        if (weights != null) {
            slopes.muli(weights.reshape(-1, 1));
        }
        double scale = (double) p / scores.getShape().get(1);
        return Outcome.of(sum, divisor, scale, slopes.reshape(predictions.get(0).getShape()));
    }

    /** Returns the hinges of constants, 0 at the target. */
    private NDArray hinges(NDArray scores, NDArray own, NDArray isTarget) {
        try (NDArray excess = Hinge.excess(scores, own, margin)) {
            return excess.maximum(Nd.num(excess, 0)).muli(Nd.complement(isTarget));
        }
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray scores = ClassAxis.scores(predictions);
        ClassTargets.Checked targets = ClassAxis.indices(this, labels.get(0), scores, null, null);
        if (targets == null) {
            return null;
        }
        List<NDArray> arrays = new ArrayList<>(List.of(scores, targets.index()));
        if (weight != null) {
            arrays.add(Script.constant(weight, scores));
        }
        boolean isClosed =
                scores.getShape().dimension() > 1
                        && (goal.forced() || scores.size() >= Thresholds.KERNEL);
        // The engine's own loss takes a NaN hinge for 0.
        if (!isClosed && !Looks.allFinite(scores)) {
            return null;
        }
        List<Script> ofEngine = weight == null ? NATIVE : NATIVE_WEIGHTED;
        List<Script> ofClosedForm = weight == null ? CLOSED : CLOSED_WEIGHTED;
        Script script = (isClosed ? ofClosedForm : ofEngine).get(p - 1);
        return new Reading.Call(script, targets.divisor(), arrays, margin);
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
     * Creates a builder with the defaults: p = 1, margin 1, no class weights, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link MultiMarginLoss}. */
    public static final class Builder extends LossBuilder<MultiMarginLoss, Builder> {

        private int p = 1;
        private double margin = 1;
        private double @Nullable [] weight;

        Builder() {
            super("MultiMarginLoss", MultiMarginLoss::new);
        }

        /**
         * Sets the exponent of the hinges (default 1).
         *
         * @param p 1 or 2
         * @return this {@code Builder}
         */
        public Builder optP(int p) {
            this.p = require("p", p, p == 1 || p == 2, "be 1 or 2");
            return this;
        }

        /**
         * Sets the margin by which the score of the correct class should exceed the others (default
         * 1).
         *
         * @param margin a finite number
         * @return this {@code Builder}
         */
        public Builder optMargin(double margin) {
            this.margin = finite("margin", margin);
            return this;
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
    }
}
