/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;

import io.djlosses.internal.core.Looks;
import io.djlosses.nd.Nd;

/** The checks of the input of every loss, before any native call. */
final class InputChecks {

    private InputChecks() {}

    /**
     * Checks labels and predictions, and prepares them for the computation.
     *
     * @param goal what to compute
     * @return the request
     */
    static Request check(AbstractLoss loss, NDList labels, NDList predictions, Goal goal) {
        String name = loss.getName();
        SampleWeighting sampleWeighting = loss.options().sampleWeighting();
        boolean labelGradient = loss.options().labelGradient();
        Checks.open(name, "labels", labels);
        Checks.open(name, "predictions", predictions);
        if (predictions.isEmpty()) {
            throw new IllegalArgumentException(
                    name + ": predictions must hold at least one array, but held none");
        }
        NDArray first = predictions.get(0);
        DataType type = first.getDataType();
        for (int i = 0; i < predictions.size(); i++) {
            DataType given = predictions.get(i).getDataType();
            if (given != DataType.FLOAT32
                    && given != DataType.FLOAT64
                    && given != DataType.FLOAT16) {
                throw Checks.failure(
                        name, "predictions[" + i + "]", "be FLOAT32, FLOAT64 or FLOAT16", given);
            }
            if (given != type) {
                throw Checks.failure(
                        name,
                        "predictions[" + i + "]",
                        "have the data type " + type + " of predictions[0]",
                        given);
            }
            requireSamePlace(name, "predictions", i, predictions.get(i), first);
        }
        NDArray weight = null;
        NDList targets = labels;
        if (sampleWeighting != SampleWeighting.NONE) {
            Checks.require(
                    !labels.isEmpty(),
                    name,
                    "labels",
                    "end with an array of sample weights (sampleWeighting is "
                            + sampleWeighting
                            + ")",
                    "empty");
            weight = labels.get(labels.size() - 1);
            targets = labels.subNDList(0, labels.size() - 1);
        }
        for (int i = 0; i < labels.size(); i++) {
            NDArray label = labels.get(i);
            // An engine may end the process here.
            if (label.getDataType() == DataType.BFLOAT16) {
                throw Checks.failure(
                        name,
                        "labels[" + i + "]",
                        "have a data type that every engine converts",
                        label.getDataType());
            }
            requireSamePlace(name, "labels", i, label, first);
            if (!labelGradient && label.hasGradient()) {
                throw new IllegalArgumentException(
                        name
                                + ": labels["
                                + i
                                + "] requires a gradient, but labels are constants here; build the"
                                + " loss with optLabelGradient(true), or swap the arguments:"
                                + " the order is evaluate(labels, predictions)");
            }
        }
        if (labelGradient) {
            for (int i = 0; i < targets.size(); i++) {
                DataType given = targets.get(i).getDataType();
                if (given.isFloating() && (given != type || type == DataType.FLOAT16)) {
                    throw Checks.failure(
                            name,
                            "labels[" + i + "]",
                            "have the data type of predictions[0], FLOAT32 or FLOAT64, to receive a"
                                    + " gradient",
                            given);
                }
            }
        }
        // After the types: this asks the engine.
        Checks.dense(name, "labels", labels);
        Checks.dense(name, "predictions", predictions);
        loss.check(targets, predictions);
        NDList computed = predictions;
        if (type == DataType.FLOAT16) {
            computed = new NDList(predictions.size());
            for (NDArray prediction : predictions) {
                computed.add(Nd.widen(prediction, DataType.FLOAT32));
            }
        }
        if (weight != null) {
            weight = Formula.aligned(loss, weight, targets, predictions);
        }
        Request request = new Request(loss, new Inputs(targets, computed), weight, goal);
        boolean isMask = sampleWeighting == SampleWeighting.MASK;
        if (weight != null && isMask && !request.isEmpty()) {
            // Before all else, so that what is hidden is never looked at.
            request = request.masked(Formula.axes(loss, weight, targets, predictions));
        }
        if (loss.getValidation() == Validation.STRICT) {
            for (int i = 0; i < request.predictions().size(); i++) {
                if (!Looks.allFinite(request.predictions().get(i))) {
                    throw Checks.failure(
                            name,
                            "predictions[" + i + "]",
                            "be finite (strict validation)",
                            "NaN or infinite");
                }
            }
            loss.checkData(request.labels(), request.predictions());
            if (weight != null && !isMask) {
                Checks.notNegative(name, Formula.SAMPLE_WEIGHTS, weight);
            }
        }
        return request;
    }

    private static void requireSamePlace(
            String name, String argument, int i, NDArray array, NDArray first) {
        if (array == first) {
            return;
        }
        if (array.getClass() != first.getClass()) {
            throw new IllegalArgumentException(
                    name
                            + ": "
                            + argument
                            + "["
                            + i
                            + "] must belong to the engine of"
                            + " predictions[0] ("
                            + first.getManager().getEngine().getEngineName()
                            + "), but belongs to "
                            + array.getManager().getEngine().getEngineName());
        }
        if (!array.getDevice().equals(first.getDevice())) {
            throw Checks.failure(
                    name,
                    argument + "[" + i + "]",
                    "be on the device of predictions[0] (" + first.getDevice() + ")",
                    "on " + array.getDevice());
        }
    }
}
