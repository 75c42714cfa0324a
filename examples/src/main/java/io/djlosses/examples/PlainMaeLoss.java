/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;

/** The mean absolute error, written on DJL's {@link Loss} alone. */
final class PlainMaeLoss extends Loss {

    PlainMaeLoss() {
        super("PlainMaeLoss");
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        return predictions.singletonOrThrow().sub(labels.singletonOrThrow()).abs().mean();
    }
}
