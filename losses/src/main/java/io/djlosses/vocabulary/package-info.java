/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses and last layers for models with very many classes, such as the words of a vocabulary. */
@NullMarked
package io.djlosses.vocabulary;

import org.jspecify.annotations.NullMarked;
