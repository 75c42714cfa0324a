/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** An optimizer for groups of parameters, and a trainer that accepts gradients of zero. */
@NullMarked
package io.djlosses.optimizer;

import org.jspecify.annotations.NullMarked;
