/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses for very many classes. */
@NullMarked
package io.djlosses.vocabulary;

import org.jspecify.annotations.NullMarked;
