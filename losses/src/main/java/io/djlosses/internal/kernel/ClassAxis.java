/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Inputs;
import io.djlosses.api.Masks;
import io.djlosses.internal.core.Looks;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * The conventions of PyTorch's classification losses: classes are on axis 1 of (N, C, d1, …, dK),
 * or on the only axis of (C), a single sample.
 */
public final class ClassAxis {

    private ClassAxis() {}

    /** Returns the axis of the classes. */
    public static int of(NDArray scores) {
        return Math.min(1, scores.getShape().dimension() - 1);
    }

    /** Checks scores and the weights of their classes. */
    public static void check(
            String loss, NDArray scores, String option, double @Nullable [] weight) {
        Checks.rank(
                loss, "predictions[0]", scores, 1, Integer.MAX_VALUE, "(N, C), (N, C, …) or (C)");
        long classes = scores.getShape().get(of(scores));
        Checks.require(
                classes > 0, loss, "predictions[0]", "have at least one class", scores.getShape());
        if (weight != null) {
            if (weight.length != classes) {
                throw Checks.failure(
                        loss,
                        option,
                        "have one number for each of the " + classes + " classes of predictions[0]",
                        weight.length);
            }
        }
    }

    /**
     * Checks that class indices have the shape of the scores without the class axis, or with size 1
     * there.
     */
    public static void checkIndices(String loss, NDArray label, NDArray scores) {
        if (!isIndex(label, scores)) {
            Checks.shape(
                    loss,
                    "labels[0]",
                    label.getShape(),
                    without(scores.getShape()),
                    "match predictions[0] of shape " + scores.getShape());
        }
        Checks.index(loss, "labels[0]", label);
    }

    /** Checks probabilities over classes; waits for the device. */
    public static void checkProbabilities(String loss, NDArray label) {
        boolean valid =
                label.size() == 0
                        || (Looks.allFinite(label)
                                && label.gte(0).all().getBoolean()
                                && sums(label).sub(1).abs().lt(1e-3).all().getBoolean());
        Checks.require(
                valid,
                loss,
                "labels[0]",
                "hold probabilities that sum to 1 over the classes (strict validation)",
                "something else");
    }

    private static NDArray sums(NDArray label) {
        return label.sum(new int[] {of(label)});
    }

    /** Returns the shape of scores without the class axis. */
    public static Shape without(Shape scores) {
        long[] sizes = scores.getShape();
        if (sizes.length == 1) {
            return new Shape();
        }
        long[] rest = new long[sizes.length - 1];
        rest[0] = sizes[0];
        System.arraycopy(sizes, 2, rest, 1, rest.length - 1);
        return new Shape(rest);
    }

    /** Returns whether a label has the shape of class indices: no class axis, or one of size 1. */
    public static boolean isIndex(NDArray label, NDArray scores) {
        Shape given = label.getShape();
        Shape shape = scores.getShape();
        int rank = shape.dimension();
        boolean isUnit = given.dimension() == rank;
        boolean matches = isUnit || given.dimension() == rank - 1;
        for (int axis = 0, i = 0; matches && axis < rank; axis++) {
            if (axis != of(scores)) {
                matches = given.get(i++) == shape.get(axis);
            } else if (isUnit) {
                matches = given.get(i++) == 1;
            }
        }
        return matches;
    }

    /** Gives a single sample (C) a batch axis. */
    public static NDArray batched(NDArray scores) {
        return scores.getShape().dimension() == 1 ? scores.expandDims(0) : scores;
    }

    /** Reads the class indices of a label, in the shape of the scores without the class axis. */
    public static ClassTargets targets(
            AbstractLoss loss,
            NDArray label,
            NDArray scores,
            @Nullable Long ignoreIndex,
            double @Nullable [] weight) {
        NDArray index = withoutUnitClass(label, scores);
        return ClassTargets.of(loss, index, classes(scores), ignoreIndex, weight, scores);
    }

    /** Checks the class indices of a label, as {@link ClassTargets#checked} does. */
    public static ClassTargets.@Nullable Checked indices(
            AbstractLoss loss,
            NDArray label,
            NDArray scores,
            @Nullable Long ignoreIndex,
            double @Nullable [] weight) {
        NDArray index = withoutUnitClass(label, scores);
        return ClassTargets.checked(loss, index, classes(scores), ignoreIndex, weight);
    }

    private static NDArray withoutUnitClass(NDArray label, NDArray scores) {
        Shape shape = scores.getShape();
        return label.getShape().dimension() < shape.dimension()
                ? label
                : label.reshape(without(shape));
    }

    private static long classes(NDArray scores) {
        return scores.getShape().get(of(scores));
    }

    /** Returns the weights of the classes as a constant of a script. */
    public static NDArray vector(double @Nullable [] weight, NDArray scores) {
        return weight == null
                ? scores.getManager().ones(new Shape(classes(scores)), scores.getDataType())
                : Script.constant(weight, scores);
    }

    /** Picks the score of each target; the result has the shape of the index. */
    public static NDArray pick(NDArray scores, NDArray index) {
        return index.getShape().isScalar()
                ? Nd.pick(batched(scores), index.reshape(1)).reshape(new Shape())
                : Nd.pick(scores, index);
    }

    /** Returns the logarithm of the softmax of logits at each target. */
    public static NDArray logSoftmax(NDArray logits, NDArray index) {
        return index.getShape().isScalar()
                ? Nd.logSoftmax(batched(logits), index.reshape(1)).reshape(new Shape())
                : Nd.logSoftmax(logits, index);
    }

    /**
     * Replaces what a mask hides: class indices by 0, probabilities by equal ones, and scores by 0.
     */
    public static Inputs masked(
            NDArray mask, NDList labels, NDList predictions, boolean probabilities) {
        NDArray scores = predictions.get(0);
        double fill = probabilities ? 1.0 / classes(scores) : 0;
        NDArray label = probabilities ? Nd.cast(labels.get(0), scores) : labels.get(0);
        NDArray wide = mask.expandDims(of(scores));
        boolean isWide = label.getShape().dimension() == scores.getShape().dimension();
        return new Inputs(
                new NDList(Masks.shown(isWide ? wide : mask, label, fill)),
                new NDList(Masks.shown(wide, scores, 0)));
    }

    /** Returns class weights as an array that broadcasts over the scores. */
    public static NDArray row(double[] weight, NDArray scores) {
        long[] sizes = new long[scores.getShape().dimension()];
        Arrays.fill(sizes, 1);
        sizes[of(scores)] = weight.length;
        return Nd.create(scores.getManager(), weight, new Shape(sizes), scores.getDataType());
    }
}
