/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Terms;
import io.djlosses.nd.Nd;

/** The negative log-likelihood of a target, given the log-probability of each class. */
public final class LogLikelihood {

    private LogLikelihood() {}

    /** Returns −w[y] log p[y], with shares w[y] in a mean. */
    public static Terms ofIndices(ClassTargets targets, NDArray logProb) {
        return targets.weigh(ClassAxis.pick(logProb, targets.index()).neg());
    }

    /** Returns −Σc q[c] log p[c]. */
    public static NDArray ofProbabilities(NDArray probabilities, NDArray logProb) {
        return Nd.sum(logProb.mul(probabilities), ClassAxis.of(logProb)).neg();
    }
}
