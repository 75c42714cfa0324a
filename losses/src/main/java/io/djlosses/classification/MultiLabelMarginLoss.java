/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.classification;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Goal;
import io.djlosses.api.Inputs;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.SimpleBuilder;
import io.djlosses.api.Terms;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Looks;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.core.Traced;
import io.djlosses.internal.fast.Constants;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.ClassAxis;
import io.djlosses.internal.kernel.ClassTargets;
import io.djlosses.internal.kernel.Hinge;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Objects;

/**
 * The multi-class hinge loss for samples with several classes: the score of each class of a sample
 * should exceed the score of every other class by 1.
 *
 * <p>Use it if each sample lists its classes; {@link MultiLabelSoftMarginLoss} is smooth and takes
 * one label for each class. Each sample contributes
 *
 * <pre>{@code
 * ℓ = 1 / C · Σ_j Σ_i max(0, 1 − x[y[j]] + x[i])        x scores, y list of classes
 * }</pre>
 *
 * <p>where j runs over the list up to its first negative entry and i over all classes that are not
 * in it. A class that is listed twice counts twice in the outer sum. A list that begins with −1 is
 * empty and adds 0. The gradient at the kink is 0.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: [(N, C)]}, or {@code (C)}: class indices of any integer or floating-point
 *       type, then −1; whatever follows the first −1 is ignored
 *   <li>{@code predictions: [(N, C)]} or {@code (C)}: scores; {@code ()} is a single class, whose
 *       loss is 0. There are no positions, and so no other class axis: reshape (N, T, C) to (N · T,
 *       C)
 *   <li>{@code out: ()}, or {@code (N)} with {@code NONE}; {@code MEAN} divides by N
 * </ul>
 *
 * <p>An entry below −1, of C or more, or no whole number, is an error. If indices are not read, it
 * makes the value of its sample NaN, and the loss goes through all C entries of the lists, which is
 * slow for many classes.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * // the sample has classes 3 and 0 out of four
 * NDArray classes = manager.create(new long[] {3, 0, -1, -1}, new Shape(1, 4));
 * NDArray value = Losses.multiLabelMarginLoss().evaluate(
 *         new NDList(classes), new NDList(scores));
 * }</pre>
 *
 * <p>Equivalent to {@code torch.nn.MultiLabelMarginLoss(reduction)} and {@code
 * mindspore.nn.MultilabelMarginLoss}. Differences: targets may have any numeric type, and an empty
 * batch gives NaN as a mean and 0 as a sum, where PyTorch returns uninitialized memory.
 */
public final class MultiLabelMarginLoss extends AbstractLoss {

    private static final Script NATIVE =
            Script.of("x y", "", "return torch.multilabel_margin_loss(x, y, reduction)");

    /** Lists are as long as the longest one; after their end they repeat their first class. */
    private static final String LISTS =
            """
            present = torch.ge(y, 0)
            i = torch.where(present, y, torch.clamp_min(y[:, 0:1], 0))
            own = torch.gather(x, 1, i)
            v = torch.zeros_like(own)
            """;

    private static final Script SCRIPT =
            Script.closedForm("x", "y", "")
                    .rows()
                    .shared(LISTS)
                    .gradient(
                            """
                            counts = torch.zeros_like(own)
                            dx.zero_()
                            for j in range(torch.size(y, 1)):
                              h = torch.sub(x, torch.sub(own[:, j:j + 1], 1)).clamp_min_(0.)
                              h.scatter_(1, i, 0)
                              v[:, j:j + 1].copy_(torch.sum(h, [1], True))
                              h.sign_()
                              counts[:, j:j + 1].copy_(torch.sum(h, [1], True))
                              dx.addcmul_(h, present[:, j:j + 1])
                            counts.masked_fill_(torch.logical_not(present), 0)
                            dx.scatter_add_(1, i, torch.neg(counts))
                            """)
                    .withoutGradient(
                            """
                            for j in range(torch.size(y, 1)):
                              h = torch.sub(x, torch.sub(own[:, j:j + 1], 1)).clamp_min_(0.)
                              h.scatter_(1, i, 0)
                              v[:, j:j + 1].copy_(torch.sum(h, [1], True))
                            """)
                    .scale("1. / torch.size(x, 1)")
                    .value(
                            "torch.div(torch.sum(torch.masked_fill(v, torch.logical_not(present),"
                                    + " 0)), torch.size(x, 1))")
                    .build();

    private MultiLabelMarginLoss(SimpleBuilder<MultiLabelMarginLoss> builder) {
        super(builder);
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "labels", labels, "targets");
        Checks.count(getName(), "predictions", predictions, "scores");
        NDArray scores = ClassAxis.scores(predictions);
        Checks.rank(getName(), "predictions[0]", scores, 1, 2, "(N, C), (C) or ()");
        ClassAxis.DEFAULT.check(getName(), scores, "weight", null);
        Checks.shape(
                getName(),
                "labels[0]",
                ClassAxis.scores(labels).getShape(),
                scores.getShape(),
                "match predictions[0] (lists of classes are filled up with -1)");
        Checks.index(getName(), "labels[0]", labels.get(0));
        Checks.require(
                !labels.get(0).getDataType().isBoolean(),
                getName(),
                "labels[0]",
                "hold lists of class indices (MultiLabelSoftMarginLoss takes one label per class)",
                labels.get(0).getDataType());
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
        NDArray scores = ClassAxis.batched(ClassAxis.scores(predictions)); // [N, C]
        Lists lists = lists(labels.get(0), scores);
        NDArray sums = null;
        for (int j = 0; j < lists.length(); j++) {
            NDArray target = lists.entry(j); // [N]
            NDArray hidden = lists.listed().logicalOr(isMissing(target).expandDims(1));
            NDArray own = Nd.pick(scores, present(target));
            NDArray sum = Nd.sum(Hinge.of(scores, own, 1, hidden), 1); // [N]
            sums = sums == null ? sum : sums.add(sum);
        }
        return Terms.of(
                lists.values(Objects.requireNonNull(sums))
                        .reshape(unreducedShape(labels, predictions)));
    }

    private Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        NDArray scores = ClassAxis.batched(ClassAxis.scores(predictions)); // [N, C]
        Lists lists = lists(labels.get(0), scores);
        NDArray sums = null;
        NDArray slopes = null;
        for (int j = 0; j < lists.length(); j++) {
            NDArray target = lists.entry(j); // [N]
            NDArray hidden = lists.listed().logicalOr(isMissing(target).expandDims(1));
            NDArray own = Nd.pick(scores, present(target));
            NDArray hinges = Hinge.detached(scores, own, 1, hidden);
            NDArray sum = Nd.sum(hinges, 1); // [N]
            sums = sums == null ? sum : sums.addi(sum);
            if (goal.gradient()) {
                NDArray slope =
                        Hinge.slopes(Constants.sign(hinges), Hinge.isTarget(target, scores));
                slopes = slopes == null ? slope : slopes.addi(slope);
            }
        }
        NDArray sum = Sums.sumOfConstant(lists.values(Objects.requireNonNull(sums)));
        long divisor = scores.getShape().get(0);
        return slopes == null
                ? Outcome.of(sum, divisor)
                : Outcome.of(
                        sum,
                        divisor,
                        1.0 / scores.getShape().get(1),
                        slopes.reshape(predictions.get(0).getShape()));
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        NDArray scores = ClassAxis.scores(predictions);
        NDArray label = ClassAxis.scores(labels);
        if (!getValidation().reads(label)) {
            return null;
        }
        boolean isBatch = scores.getShape().dimension() > 1;
        long divisor = isBatch ? scores.getShape().get(0) : 1;
        Entries entries = read(label, scores.getShape());
        boolean isLarge = goal.forced() || scores.size() >= Thresholds.KERNEL;
        if (isBatch && isLarge) {
            return new Reading.Call(SCRIPT, divisor, List.of(scores, entries.toArray(scores)));
        }
        // The engine's own loss takes a NaN hinge for 0.
        return label.getDataType() == DataType.INT64 && Looks.allFinite(scores)
                ? new Reading.Call(NATIVE, divisor, List.of(scores, label))
                : null;
    }

    private static NDArray isMissing(NDArray target) {
        return target.lt(0);
    }

    private static NDArray present(NDArray target) {
        return Nd.where(target.gte(0), target, 0);
    }

    /**
     * The lists of classes of all samples.
     *
     * @param entries INT64 class indices (N, L), −1 after the end of a list
     * @param listed whether each class is in the list of its sample, BOOLEAN (N, C)
     * @param valid whether the list of each sample has no entry out of range, BOOLEAN (N), or null
     *     if all are valid
     */
    private record Lists(NDArray entries, NDArray listed, @Nullable NDArray valid) {

        static Lists of(NDArray entries, NDArray scores, @Nullable NDArray valid) {
            NDArray listed = null;
            for (int j = 0; j < entries.getShape().get(1); j++) {
                NDArray isTarget = Hinge.isTarget(entry(entries, j), scores);
                listed = listed == null ? isTarget : listed.logicalOr(isTarget);
            }
            return new Lists(entries, Objects.requireNonNull(listed), valid);
        }

        long length() {
            return entries.getShape().get(1);
        }

        NDArray entry(int j) {
            return entry(entries, j);
        }

        private static NDArray entry(NDArray entries, int j) {
            return entries.get(new NDIndex(":, {}", j));
        }

        /** Returns the means over all classes, or NaN where a list is invalid. */
        NDArray values(NDArray sums) {
            NDArray means = Nd.div(sums, listed.getShape().get(1));
            return valid == null ? means : Nd.where(valid, means, Double.NaN);
        }
    }

    private Lists lists(NDArray label, NDArray scores) {
        if (!getValidation().reads(label)) {
            return onDevice(label.reshape(scores.getShape()), scores);
        }
        Shape shape = scores.getShape();
        NDList entries =
                Traced.prepare(label, given -> new NDList(read(given, shape).toArray(given)));
        return Lists.of(entries.head(), scores, null);
    }

    /** Reads the lists up to the end of the longest one, with −1 after the end of the others. */
    private Entries read(NDArray label, Shape scores) {
        int classes = Math.toIntExact(scores.tail());
        int samples = Math.toIntExact(scores.size() / classes);
        long[] entries = Nd.toLongs(label);
        int longest = 1;
        for (int n = 0; n < samples; n++) {
            boolean ended = false;
            for (int j = 0; j < classes; j++) {
                int i = n * classes + j;
                if (entries[i] < -1 || entries[i] >= classes) {
                    throw Checks.message(
                            getName(),
                            "labels[0] must hold class indices in [0, %d), or -1 after the last,"
                                    + " but element %d was %s",
                            classes,
                            i,
                            Checks.index(label, i, entries[i]));
                }
                ended |= entries[i] < 0;
                if (ended) {
                    entries[i] = -1;
                } else {
                    longest = Math.max(longest, j + 1);
                }
            }
        }
        return new Entries(entries, samples, longest);
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Entries(long[] all, int samples, int longest) {

        /** Returns INT64 class indices (N, L), −1 after the end of a list. */
        NDArray toArray(NDArray like) {
            long[] used = new long[samples * longest];
            for (int n = 0; n < samples; n++) {
                System.arraycopy(all, n * (all.length / samples), used, n * longest, longest);
            }
            return Nd.create(like.getManager(), used, new Shape(samples, longest));
        }
    }

    private static Lists onDevice(NDArray label, NDArray scores) {
        DataType type = scores.getDataType();
        NDArray index = label.toType(DataType.INT64, false);
        NDArray bad = index.lt(-1).logicalOr(index.gte(scores.getShape().get(1)));
        NDArray isWhole = ClassTargets.isWhole(label, index);
        bad = isWhole == null ? bad : bad.logicalOr(isWhole.logicalNot());
        NDArray valid = bad.toType(type, false).sum(new int[] {1}).eq(0); // [N]
        NDArray open = index.lt(0).toType(type, false).cumSum(1).eq(0); // before the first negative
        NDArray used = open.logicalAnd(valid.expandDims(1).broadcast(open.getShape()));
        return Lists.of(Nd.where(used, index, index.onesLike().neg()), scores, valid);
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
     * Creates a builder with the defaults: {@code MEAN}.
     *
     * @return the builder
     */
    public static SimpleBuilder<MultiLabelMarginLoss> builder() {
        return new SimpleBuilder<>("MultiLabelMarginLoss", MultiLabelMarginLoss::new);
    }
}
