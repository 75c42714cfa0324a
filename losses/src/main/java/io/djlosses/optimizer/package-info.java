/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** An optimizer for groups of parameters, and a trainer that accepts gradients of zero. */
@org.jspecify.annotations.NullMarked
package io.djlosses.optimizer;
