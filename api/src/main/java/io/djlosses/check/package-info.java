/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * A checker for any loss: it compares gradients with finite differences, and engines with each
 * other.
 */
@org.jspecify.annotations.NullMarked
package io.djlosses.check;
