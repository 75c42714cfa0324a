/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses made of losses. */
@NullMarked
package io.djlosses.composite;

import org.jspecify.annotations.NullMarked;
