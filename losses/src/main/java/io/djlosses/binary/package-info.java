/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Losses for binary classification: each element is one decision between two classes, given as a
 * probability, a logit or a score.
 */
@org.jspecify.annotations.NullMarked
package io.djlosses.binary;
