/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses and last layers for models with very many classes, such as the words of a vocabulary. */
@org.jspecify.annotations.NullMarked
package io.djlosses.vocabulary;
