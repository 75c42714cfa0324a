/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.segmentation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Inputs;
import io.djlosses.api.Masks;
import io.djlosses.internal.kernel.ClassAxis;
import io.djlosses.internal.kernel.ClassTargets;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

/**
 * What the Dice losses compare, with classes on axis 1.
 *
 * @param prediction the predictions
 * @param label the labels of the same shape, 0 where they are left out
 * @param kept BOOLEAN, false where elements are left out, or null
 */
record Overlap(NDArray prediction, NDArray label, @Nullable NDArray kept) {

    /** Checks that there is a label for each element, or a class index for each position. */
    static void check(AbstractLoss loss, ClassAxis classAxis, NDList labels, NDList predictions) {
        NDArray label = labels.get(0);
        Shape given = label.getShape();
        Shape shape = predictions.get(0).getShape();
        if (isIndex(classAxis, given, shape)) {
            Checks.index(loss.getName(), "labels[0]", label);
        } else if (!given.equals(shape)
                && (classAxis.isAxisOf(shape) || !Checks.hasSameElements(given, shape))) {
            Checks.shape(
                    loss.getName(),
                    "labels[0]",
                    given,
                    shape,
                    "match predictions[0], which class indices do without the axis of the classes"
                            + " (optClassAxis)");
        }
    }

    /** Returns whether labels are class indices rather than of the shape of the predictions. */
    static boolean isIndex(ClassAxis classAxis, Shape label, Shape prediction) {
        return !label.equals(prediction)
                && classAxis.isAxisOf(prediction)
                && classAxis.isIndex(label, prediction);
    }

    /** Hands a mask of elements on as a further label, as labels and activations still need it. */
    static Inputs maskedElements(
            ClassAxis classAxis, NDArray mask, NDList labels, NDList predictions) {
        NDArray label = labels.get(0);
        NDArray x = predictions.get(0);
        if (isIndex(classAxis, label.getShape(), x.getShape())) {
            return maskedPositions(classAxis, mask, labels, predictions);
        }
        NDArray ofLabel = Nd.withRank(mask, label.getShape().dimension());
        boolean isOneShape = label.getShape().equals(x.getShape());
        return new Inputs(
                new NDList(Masks.shown(ofLabel, label, 0), mask),
                new NDList(isOneShape ? Masks.shown(ofLabel, x, 0) : x));
    }

    /** Does the same for a mask without the axis of the classes. */
    static Inputs maskedPositions(
            ClassAxis classAxis, NDArray mask, NDList labels, NDList predictions) {
        boolean isOneHot = labels.get(0).getShape().equals(predictions.get(0).getShape());
        Inputs shown = classAxis.masked(mask, labels, predictions, isOneHot);
        return new Inputs(new NDList(shown.labels().get(0), mask), shown.predictions());
    }

    /** Reads labels and predictions of which every element counts alike, or class indices. */
    static Overlap ofElements(
            AbstractLoss loss,
            ClassAxis classAxis,
            NDList labels,
            NDList predictions,
            @Nullable Long ignoreIndex) {
        NDArray label = labels.get(0);
        NDArray x = predictions.get(0);
        Shape shape = x.getShape();
        if (isIndex(classAxis, label.getShape(), shape)) {
            return ofClasses(loss, classAxis, labels, predictions, ignoreIndex);
        }
        NDArray kept = null;
        if (labels.size() > 1) {
            NDArray given = Nd.withRank(labels.get(1), label.getShape().dimension());
            kept = given.broadcast(label.getShape()).reshape(shape);
        }
        NDArray y = Nd.cast(label, x).reshape(shape);
        if (ignoreIndex != null) {
            kept = and(kept, y.neq(Nd.num(y, ignoreIndex)));
        }
        return new Overlap(x, y, kept).hidden();
    }

    /** Reads labels and predictions with classes, and brings these to axis 1. */
    static Overlap ofClasses(
            AbstractLoss loss,
            ClassAxis classAxis,
            NDList labels,
            NDList predictions,
            @Nullable Long ignoreIndex) {
        NDArray scores = predictions.get(0);
        if (scores.size() == 0) {
            NDArray x = scores.reshape(0, classAxis.classes(scores));
            return new Overlap(x, x.stopGradient(), null);
        }
        boolean isIndex = isIndex(classAxis, labels.get(0).getShape(), scores.getShape());
        Inputs given = classAxis.arranged(new NDList(labels.get(0)), predictions);
        NDArray label = given.labels().get(0);
        NDArray x = given.predictions().get(0); // [N, C, *]
        NDArray kept = null;
        if (labels.size() > 1) {
            NDArray mask = Nd.cast(classAxis.row(labels.get(1), scores), scores);
            kept = classAxis.arranged(mask.broadcast(scores.getShape())).neq(0);
        }
        if (!isIndex) {
            return new Overlap(x, Nd.cast(label, x), kept).hidden();
        }
        ClassTargets targets = ClassAxis.targets(loss, label, x, ignoreIndex, null);
        NDArray valid = targets.kept();
        if (valid != null) {
            kept = and(kept, valid.expandDims(ClassAxis.of(x)).broadcast(x.getShape()));
        }
        return new Overlap(x, targets.oneHot(x), kept).hidden();
    }

    private static NDArray and(@Nullable NDArray kept, NDArray other) {
        return kept == null ? other : kept.logicalAnd(other);
    }

    private Overlap hidden() {
        return new Overlap(prediction, shown(label), kept);
    }

    /** Replaces what is left out by 0. */
    NDArray shown(NDArray array) {
        return kept == null ? array : Nd.where(kept, array, 0);
    }
}
