/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.Terms;
import io.djlosses.api.Validation;
import io.djlosses.internal.core.Traced;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

/**
 * Class indices that are safe to use for picking: checked, with ignored targets replaced by class 0
 * with weight 0.
 *
 * <p>For an index out of range an engine throws an exception, returns the value of another class,
 * or aborts the device, so no index reaches an engine unchecked. If indices are read (see {@link
 * Validation}), an index out of range causes an {@link IllegalArgumentException} that names it;
 * otherwise it makes the value of its sample NaN.
 */
public final class ClassTargets {

    private final NDArray index;
    private final @Nullable NDArray kept;
    private final @Nullable NDArray weights;
    private final boolean masksOnly;
    private final Divisor divisor;

    private ClassTargets(
            NDArray index,
            @Nullable NDArray kept,
            @Nullable NDArray weights,
            boolean masksOnly,
            Divisor divisor) {
        this.index = index;
        this.kept = kept;
        this.weights = weights;
        this.masksOnly = masksOnly;
        this.divisor = divisor;
    }

    /**
     * Reads class indices.
     *
     * @param loss the loss, which decides whether data are read
     * @param label the indices, of any integer or floating-point type
     * @param classes the number of classes
     * @param ignoreIndex the index of the targets to ignore, or null if no target is ignored
     * @param classWeights the weight of each class, or null for 1
     * @param like an array with the data type and manager of the weights
     * @return the targets
     */
    public static ClassTargets of(
            AbstractLoss loss,
            NDArray label,
            long classes,
            @Nullable Long ignoreIndex,
            double @Nullable [] classWeights,
            NDArray like) {
        if (!loss.getValidation().reads(label)) {
            return onDevice(label, classes, ignoreIndex, classWeights, like);
        }
        String name = loss.getName();
        if (!Traced.is(label)) {
            return read(name, label, classes, ignoreIndex, classWeights, like);
        }
        boolean ignored =
                Traced.observe(
                        label,
                        given -> check(name, given, Nd.toLongs(given), classes, ignoreIndex));
        if (ignored || classWeights != null) {
            return onDevice(label, classes, ignoreIndex, classWeights, like);
        }
        NDArray index = label.toType(DataType.INT64, false);
        return new ClassTargets(index, null, null, true, Divisor.of(label.size()));
    }

    /**
     * Checks class indices for a script, which handles ignored targets itself.
     *
     * @param loss the loss, which decides whether data are read
     * @param label the indices, of any integer or floating-point type
     * @param classes the number of classes
     * @param ignoreIndex the index of the targets to ignore, or null if no target is ignored
     * @param classWeights the weights of the classes, or null
     * @return the indices, or null if data are not read, if there is nothing to average, or if a
     *     script cannot distinguish {@code ignoreIndex} from other numbers
     */
    public static @Nullable Checked checked(
            AbstractLoss loss,
            NDArray label,
            long classes,
            @Nullable Long ignoreIndex,
            double @Nullable [] classWeights) {
        boolean exact = ignoreIndex == null || Math.abs(ignoreIndex) < 1L << 53;
        if (!exact || !loss.getValidation().reads(label)) {
            return null;
        }
        long[] indices = Nd.toLongs(label);
        boolean ignored = check(loss.getName(), label, indices, classes, ignoreIndex);
        double sum = indices.length;
        if (ignored || classWeights != null) {
            sum = 0;
            for (long index : indices) {
                if (!isIgnored(index, ignoreIndex)) {
                    sum += classWeights == null ? 1 : classWeights[(int) index];
                }
            }
        }
        if (sum == 0 && classWeights != null && indices.length > 0) {
            // Here the gradient of the engine's own kernel is 0/0, and that of this library 0.
            return null;
        }
        return new Checked(int64(label, indices, label.getManager()), ignored, Divisor.of(sum));
    }

    /**
     * Checked class indices in which ignored ones have not been replaced.
     *
     * @param index INT64 indices, each in [0, C) or ignored
     * @param ignored whether any of them is ignored
     * @param divisor the sum of the weights of the targets that are not ignored
     */
    public record Checked(NDArray index, boolean ignored, Divisor divisor) {}

    private static NDArray int64(NDArray label, long[] indices, NDManager manager) {
        return label.getDataType() == DataType.INT64
                ? label
                : Nd.create(manager, indices, label.getShape());
    }

    /** Rejects an index out of range, and returns whether any index is ignored. */
    private static boolean check(
            String loss, NDArray label, long[] indices, long classes, @Nullable Long ignoreIndex) {
        // Usually all indices are classes, which a loop without branches confirms in a fraction of
        // the time.
        long signs = 0;
        for (long index : indices) {
            signs |= index | (classes - 1 - index);
        }
        if (signs >= 0 && (ignoreIndex == null || ignoreIndex < 0 || ignoreIndex >= classes)) {
            return false;
        }
        boolean ignored = false;
        for (int i = 0; i < indices.length; i++) {
            if (isIgnored(indices[i], ignoreIndex)) {
                ignored = true;
            } else if (indices[i] < 0 || indices[i] >= classes) {
                throw new IllegalArgumentException(
                        loss
                                + ": labels must hold class indices in [0, "
                                + classes
                                + (ignoreIndex == null ? ")" : ") or ignoreIndex = " + ignoreIndex)
                                + ", but element "
                                + i
                                + " was "
                                + Checks.index(label, i, indices[i]));
            }
        }
        return ignored;
    }

    private static ClassTargets read(
            String loss,
            NDArray label,
            long classes,
            @Nullable Long ignoreIndex,
            double @Nullable [] classWeights,
            NDArray like) {
        long[] indices = Nd.toLongs(label);
        boolean ignored = check(loss, label, indices, classes, ignoreIndex);
        Shape shape = label.getShape();
        NDManager manager = like.getManager();
        if (!ignored && classWeights == null) {
            NDArray index = int64(label, indices, manager);
            return new ClassTargets(index, null, null, true, Divisor.of(indices.length));
        }
        double[] weights = new double[indices.length];
        double[] kept = classWeights == null ? weights : new double[indices.length];
        double sum = 0;
        for (int i = 0; i < indices.length; i++) {
            if (isIgnored(indices[i], ignoreIndex)) {
                indices[i] = 0;
            } else {
                kept[i] = 1;
                weights[i] = classWeights == null ? 1 : classWeights[(int) indices[i]];
                sum += weights[i];
            }
        }
        DataType type = like.getDataType();
        NDArray index =
                ignored ? Nd.create(manager, indices, shape) : int64(label, indices, manager);
        NDArray weight = Nd.create(manager, weights, shape, type);
        NDArray mask = null;
        if (ignored) {
            mask = (kept == weights ? weight : Nd.create(manager, kept, shape, type)).neq(0);
        }
        return new ClassTargets(index, mask, weight, classWeights == null, Divisor.of(sum));
    }

    private static boolean isIgnored(long index, @Nullable Long ignoreIndex) {
        return ignoreIndex != null && index == ignoreIndex;
    }

    private static ClassTargets onDevice(
            NDArray label,
            long classes,
            @Nullable Long ignoreIndex,
            double @Nullable [] classWeights,
            NDArray like) {
        NDArray index = label.toType(DataType.INT64, false);
        NDArray isWhole = isWhole(label, index);
        NDArray kept = null;
        if (ignoreIndex != null) {
            // As an array, because some engines compare numbers in floating point.
            NDManager manager = like.getManager();
            kept = index.neq(Nd.create(manager, new long[] {ignoreIndex}, new Shape()));
            kept = isWhole == null ? kept : kept.logicalOr(isWhole.logicalNot());
        }
        NDArray valid = index.gte(0).logicalAnd(index.lt(classes));
        valid = isWhole == null ? valid : valid.logicalAnd(isWhole);
        NDArray safe = Nd.where(valid, index, index.zerosLike());
        NDArray weights;
        if (classWeights == null) {
            weights = like.getManager().ones(index.getShape(), like.getDataType());
        } else {
            Shape shape = new Shape(classWeights.length);
            weights =
                    Nd.create(like.getManager(), classWeights, shape, like.getDataType())
                            .get(safe.reshape(-1))
                            .reshape(index.getShape());
        }
        weights = Nd.where(valid, weights, Double.NaN);
        weights = kept == null ? weights : Nd.where(kept, weights, 0);
        return new ClassTargets(safe, kept, weights, false, Divisor.of(weights.sum()));
    }

    /**
     * Returns where a label is a whole number, without reading it.
     *
     * @param label the label
     * @param index the label as INT64, which truncates
     * @return the BOOLEAN condition, or null if the type of the label holds nothing else
     */
    public static @Nullable NDArray isWhole(NDArray label, NDArray index) {
        return label.getDataType().isFloating() ? Nd.cast(index, label).eq(label) : null;
    }

    /**
     * Returns some of the targets.
     *
     * @param from the first target, counted along the first axis
     * @param to the end of the targets, exclusive
     * @return the targets in the range
     */
    public ClassTargets rows(long from, long to) {
        NDIndex rows = new NDIndex().addSliceDim(from, to);
        NDArray some = index.get(rows);
        if (weights == null) {
            return new ClassTargets(some, null, null, true, Divisor.of(some.size()));
        }
        NDArray weight = weights.get(rows);
        return new ClassTargets(
                some,
                kept == null ? null : kept.get(rows),
                weight,
                masksOnly,
                Divisor.of(weight.sum()));
    }

    /**
     * Returns the indices, each in [0, C).
     *
     * @return INT64 indices, with the shape of the label
     */
    public NDArray index() {
        return index;
    }

    /**
     * Returns the targets as one-hot rows, in the shape of the scores.
     *
     * @param scores the scores (N, C, …) or (C)
     * @return 1 at the class of each target; its row is 0 if it is ignored, and NaN if its index is
     *     out of range and has not been read
     */
    public NDArray oneHot(NDArray scores) {
        int axis = ClassAxis.of(scores);
        NDArray isTarget = index.expandDims(axis).eq(ClassAxis.DEFAULT.numbers(scores));
        NDArray hot = Nd.cast(isTarget, scores);
        return weights == null ? hot : hot.mul(weights.expandDims(axis));
    }

    /**
     * Returns which targets are not ignored.
     *
     * @return the BOOLEAN condition, or null if none is ignored
     */
    public @Nullable NDArray kept() {
        return kept;
    }

    /**
     * Weights the values of the targets, and replaces those of ignored targets by 0, even if they
     * are NaN.
     *
     * @param values one value per target
     * @return the weighted values, whose shares in a mean are the weights
     */
    public Terms weigh(NDArray values) {
        if (weights == null) {
            return Terms.of(values);
        }
        // With a mask, weights that are only 0 or 1 need no product.
        NDArray weighted = masksOnly ? values : values.mul(weights);
        return Terms.of(keep(weighted)).withShares(weights, divisor);
    }

    /**
     * Replaces the values of ignored targets by 0, even if they are NaN.
     *
     * @param values one value per target
     * @return the values, not weighted
     */
    public NDArray keep(NDArray values) {
        return kept == null ? values : Nd.where(kept, values, 0);
    }

    /**
     * Returns the weight of each target.
     *
     * @return the weights, 0 where ignored, or null if all are 1
     */
    public @Nullable NDArray weights() {
        return weights;
    }

    /**
     * Returns the sum of the weights.
     *
     * @return the divisor of a weighted mean
     */
    public Divisor divisor() {
        return divisor;
    }
}
