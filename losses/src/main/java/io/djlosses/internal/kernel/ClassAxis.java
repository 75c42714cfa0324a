/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Inputs;
import io.djlosses.api.Masks;
import io.djlosses.internal.core.Looks;
import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The axis of the classes. The losses compute with scores (N, C, …), as PyTorch's do, or with a
 * single sample (C); {@link #arranged} brings scores with another axis into that form.
 *
 * @param number the axis, where −1 is the last; with 1, scores may have a single axis
 */
public record ClassAxis(int number) {

    /** PyTorch's. */
    public static final ClassAxis DEFAULT = new ClassAxis(1);

    /** Returns the axis of the classes of arranged scores. */
    public static int of(NDArray scores) {
        return Math.min(1, scores.getShape().dimension() - 1);
    }

    /** Returns the axis of the classes, counted from the first, or −1 if there is no such axis. */
    private int in(Shape scores) {
        int rank = scores.dimension();
        if (number == 1 && rank == 1) {
            return 0;
        }
        int axis = number < 0 ? number + rank : number;
        return axis < rank ? axis : -1;
    }

    /** Checks scores and the weights of their classes. */
    public void check(String loss, NDArray scores, String option, double @Nullable [] weight) {
        Checks.rank(
                loss, "predictions[0]", scores, 1, Integer.MAX_VALUE, "(N, C), (N, C, …) or (C)");
        Shape shape = scores.getShape();
        int axis = in(shape);
        if (axis < 0) {
            throw Checks.failure(
                    loss, "classAxis", "be an axis of predictions[0] of shape " + shape, number);
        }
        long classes = shape.get(axis);
        Checks.require(classes > 0, loss, "predictions[0]", "have at least one class", shape);
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
    public void checkIndices(String loss, NDArray label, NDArray scores) {
        if (!isIndex(label.getShape(), scores.getShape())) {
            Shape shape = scores.getShape();
            int axis = in(shape);
            String why = "match predictions[0] of shape " + shape;
            if (shape.dimension() > 2) {
                why += " with classes on axis " + axis + " (change it with optClassAxis)";
            }
            Checks.shape(loss, "labels[0]", label.getShape(), without(shape), why);
        }
        Checks.index(loss, "labels[0]", label);
    }

    /** Checks probabilities over classes; waits for the device. */
    public void checkProbabilities(String loss, NDArray label) {
        checkOther(loss, "labels[0]", label);
        Checks.require(
                label.size() == 0 || isDistribution(label, in(label.getShape())),
                loss,
                "labels[0]",
                "hold probabilities that sum to 1 over the classes (strict validation)",
                "something else");
    }

    /** Rejects probabilities that are those of classes on another axis; waits for the device. */
    public void checkOther(String loss, String argument, NDArray probabilities) {
        Shape shape = probabilities.getShape();
        int axis = in(shape);
        if (shape.size() == 0 || isDistribution(probabilities, axis)) {
            return;
        }
        for (int other = 1; other < shape.dimension(); other++) { // axis 0 is the batch
            if (other != axis && shape.get(other) > 1 && isDistribution(probabilities, other)) {
                throw Checks.failure(
                        loss,
                        argument,
                        "hold probabilities that sum to 1 over the classes, which are on axis "
                                + axis
                                + " (strict validation)",
                        "probabilities over axis " + other + ", which optClassAxis can name");
            }
        }
    }

    private static boolean isDistribution(NDArray label, int axis) {
        return Looks.allFinite(label)
                && label.gte(0).all().getBoolean()
                && label.sum(new int[] {axis}).sub(1).abs().lt(1e-3).all().getBoolean();
    }

    /** Returns the shape of scores without the class axis. */
    public Shape without(Shape scores) {
        int axis = in(scores);
        return scores.slice(0, axis).addAll(scores.slice(axis + 1));
    }

    /** Returns the number of classes. */
    public long classes(NDArray scores) {
        return scores.getShape().get(in(scores.getShape()));
    }

    /** Returns whether scores of a shape have such an axis, with more than one class. */
    public boolean isAxisOf(Shape scores) {
        int axis = scores.isScalar() ? -1 : in(scores);
        return axis >= 0 && scores.get(axis) > 1;
    }

    /** Returns class indices, or what has their shape, with a class axis of size 1. */
    public NDArray unit(NDArray label, Shape scores) {
        return label.getShape().dimension() == scores.dimension()
                ? label
                : label.expandDims(in(scores));
    }

    /** Returns the numbers of the classes as an array that broadcasts over the scores. */
    public NDArray numbers(NDArray scores) {
        int classes = (int) classes(scores);
        return along(scores.getManager().arange(0, classes, 1, DataType.INT64), scores);
    }

    /** Returns whether a label has the shape of class indices: no class axis, or one of size 1. */
    public boolean isIndex(Shape label, Shape scores) {
        int rank = scores.dimension();
        int axis = in(scores);
        boolean isUnit = label.dimension() == rank;
        boolean matches = isUnit || label.dimension() == rank - 1;
        for (int i = 0, j = 0; matches && i < rank; i++) {
            if (i != axis) {
                matches = label.get(j++) == scores.get(i);
            } else if (isUnit) {
                matches = label.get(j++) == 1;
            }
        }
        return matches;
    }

    /** Returns the first array; a single number as the only score of one sample. */
    public static NDArray scores(NDList arrays) {
        NDArray first = arrays.get(0);
        return first.getShape().isScalar() ? first.reshape(1) : first;
    }

    // ------------------------------------------------------------------ arranged scores

    /**
     * Returns scores as (N, C, …), and labels to match: class indices without a class axis, or one
     * number per class. If the classes are last, all other axes become one, which takes no copy
     * unless the scores are a view.
     */
    public Inputs arranged(NDList labels, NDList predictions) {
        NDArray scores = predictions.get(0);
        NDArray arranged = arranged(scores);
        if (arranged == scores) {
            return new Inputs(labels, predictions);
        }
        NDArray label = labels.get(0);
        NDArray matching =
                label.getShape().equals(scores.getShape())
                        ? arranged(label)
                        : label.reshape(DEFAULT.without(arranged.getShape()));
        return new Inputs(new NDList(matching), new NDList(arranged));
    }

    /** Returns an array with a class axis as (N, C, …), or with the classes last as (M, C). */
    public NDArray arranged(NDArray scores) {
        Shape shape = scores.getShape();
        int last = shape.dimension() - 1;
        if (last < 2 || in(shape) != last) {
            return moved(scores);
        }
        return scores.reshape(shape.size() / shape.get(last), shape.get(last));
    }

    /** Returns an array with a class axis as (N, C, …), with all other axes in their order. */
    public NDArray moved(NDArray scores) {
        return move(scores, in(scores.getShape()), 1);
    }

    private static NDArray move(NDArray x, int from, int to) {
        int rank = x.getShape().dimension();
        if (from == to || rank == 1) {
            return x;
        }
        List<Integer> axes =
                IntStream.range(0, rank).boxed().collect(Collectors.toCollection(ArrayList::new));
        axes.add(to, axes.remove(from));
        return x.transpose(axes.stream().mapToInt(Integer::intValue).toArray());
    }

    /** Returns whether {@link #arranged} keeps the order of the elements. */
    public boolean keepsOrder(Shape scores) {
        int axis = in(scores);
        return axis == 1 || axis == scores.dimension() - 1;
    }

    /** Gives a single sample (C) a batch axis. */
    public static NDArray batched(NDArray scores) {
        return scores.getShape().dimension() == 1 ? scores.expandDims(0) : scores;
    }

    /**
     * Reads the class indices of a label, in the shape of arranged scores without the class axis.
     */
    public static ClassTargets targets(
            AbstractLoss loss,
            NDArray label,
            NDArray scores,
            @Nullable Long ignoreIndex,
            double @Nullable [] weight) {
        NDArray index = withoutUnitClass(label, scores);
        long classes = DEFAULT.classes(scores);
        return ClassTargets.of(loss, index, classes, ignoreIndex, weight, scores);
    }

    /** Checks the class indices of a label, as {@link ClassTargets#checked} does. */
    public static ClassTargets.@Nullable Checked indices(
            AbstractLoss loss,
            NDArray label,
            NDArray scores,
            @Nullable Long ignoreIndex,
            double @Nullable [] weight) {
        NDArray index = withoutUnitClass(label, scores);
        return ClassTargets.checked(loss, index, DEFAULT.classes(scores), ignoreIndex, weight);
    }

    private static NDArray withoutUnitClass(NDArray label, NDArray scores) {
        Shape shape = scores.getShape();
        return label.getShape().dimension() < shape.dimension()
                ? label
                : label.reshape(DEFAULT.without(shape));
    }

    /** Returns the weights of the classes as a constant of a script. */
    public static NDArray vector(double @Nullable [] weight, NDArray scores) {
        return weight == null
                ? scores.getManager().ones(new Shape(DEFAULT.classes(scores)), scores.getDataType())
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
    public Inputs masked(NDArray mask, NDList labels, NDList predictions, boolean probabilities) {
        NDArray scores = predictions.get(0);
        Shape shape = scores.getShape();
        NDArray label = labels.get(0);
        if (shape.isScalar()) {
            NDArray index = Masks.shown(mask.reshape(label.getShape()), label, 0);
            return new Inputs(new NDList(index), new NDList(Masks.shown(mask, scores, 0)));
        }
        NDArray wide = row(mask, scores);
        NDArray shown;
        if (probabilities) {
            shown = Masks.shown(wide, Nd.cast(label, scores), 1.0 / classes(scores));
        } else {
            NDArray narrow = wide.reshape(without(wide.getShape()));
            NDArray index = label.reshape(without(shape));
            shown = Masks.shown(narrow, index, 0).reshape(label.getShape());
        }
        return new Inputs(new NDList(shown), new NDList(Masks.shown(wide, scores, 0)));
    }

    /** Returns a vector over the classes, to broadcast over the scores. */
    public NDArray along(NDArray vector, NDArray scores) {
        return vector.reshape(along(vector.size(), in(scores.getShape()), scores));
    }

    private static Shape along(long size, int axis, NDArray scores) {
        long[] sizes = new long[scores.getShape().dimension()];
        Arrays.fill(sizes, 1);
        sizes[axis] = size;
        return new Shape(sizes);
    }

    /** Undoes {@link #moved}. */
    public NDArray restored(NDArray moved, NDArray scores) {
        return move(moved, 1, in(scores.getShape()));
    }

    /** Returns a mask without a class axis, or its leading axes, to broadcast over the scores. */
    public NDArray row(NDArray mask, NDArray scores) {
        Shape shape = scores.getShape();
        int axis = in(shape);
        long[] sizes = new long[shape.dimension()];
        Arrays.fill(sizes, 1);
        for (int i = 0; i < mask.getShape().dimension(); i++) {
            sizes[i < axis ? i : i + 1] = mask.getShape().get(i);
        }
        return mask.reshape(new Shape(sizes));
    }

    /** Returns class weights as an array that broadcasts over arranged scores. */
    public static NDArray row(double[] weight, NDArray scores) {
        Shape shape = along(weight.length, of(scores), scores);
        return Nd.create(scores.getManager(), weight, shape, scores.getDataType());
    }
}
