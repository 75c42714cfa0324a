/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDList;

/**
 * The arrays that a loss computes with.
 *
 * @param labels the labels, without sample weights
 * @param predictions the predictions
 */
public record Inputs(NDList labels, NDList predictions) {}
