/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses;

import ai.djl.nn.Block;
import ai.djl.training.loss.Loss;

import io.djlosses.classification.BCEWithLogitsLoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.composite.MultiLabelLoss;
import io.djlosses.composite.WeightedSumLoss;
import io.djlosses.regression.L1Loss;
import io.djlosses.regression.MSELoss;
import io.djlosses.regularization.ElasticNetRegularization;
import io.djlosses.regularization.L1Regularization;
import io.djlosses.regularization.L2Regularization;

/**
 * Makes every loss of the library with its defaults. All options are on the builder of each loss:
 * {@code HuberLoss.builder().optDelta(2).build()}.
 */
public final class Losses {

    private Losses() {}

    // ------------------------------------------------------------------ regression

    /**
     * Creates an {@link L1Loss}, the absolute error.
     *
     * @return the loss
     */
    public static L1Loss l1Loss() {
        return L1Loss.builder().build();
    }

    /**
     * Creates an {@link L1Loss}, the absolute error.
     *
     * @param name the display name
     * @return the loss
     */
    public static L1Loss l1Loss(String name) {
        return L1Loss.builder().optName(name).build();
    }

    /**
     * Creates an {@link MSELoss}, the squared error.
     *
     * @return the loss
     */
    public static MSELoss mseLoss() {
        return MSELoss.builder().build();
    }

    /**
     * Creates an {@link MSELoss}, the squared error.
     *
     * @param name the display name
     * @return the loss
     */
    public static MSELoss mseLoss(String name) {
        return MSELoss.builder().optName(name).build();
    }

    // ------------------------------------------------------------------ classification

    /**
     * Creates a {@link BCEWithLogitsLoss}, the binary cross entropy of logits.
     *
     * @return the loss
     */
    public static BCEWithLogitsLoss bceWithLogitsLoss() {
        return BCEWithLogitsLoss.builder().build();
    }

    /**
     * Creates a {@link BCEWithLogitsLoss}, the binary cross entropy of logits.
     *
     * @param name the display name
     * @return the loss
     */
    public static BCEWithLogitsLoss bceWithLogitsLoss(String name) {
        return BCEWithLogitsLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link CrossEntropyLoss} of logits and classes.
     *
     * @return the loss
     */
    public static CrossEntropyLoss crossEntropyLoss() {
        return CrossEntropyLoss.builder().build();
    }

    /**
     * Creates a {@link CrossEntropyLoss} of logits and classes.
     *
     * @param name the display name
     * @return the loss
     */
    public static CrossEntropyLoss crossEntropyLoss(String name) {
        return CrossEntropyLoss.builder().optName(name).build();
    }

    // ------------------------------------------------------------------ distribution

    // ------------------------------------------------------------------ embedding

    // ------------------------------------------------------------------ ranking

    // ------------------------------------------------------------------ sequence

    // ------------------------------------------------------------------ vocabulary

    // ------------------------------------------------------------------ composite

    /**
     * Creates a {@link MultiLabelLoss}, the average of one loss over several labels.
     *
     * @param loss the loss of each label
     * @param labels the number of labels
     * @return the loss
     */
    public static MultiLabelLoss multiLabelLoss(Loss loss, int labels) {
        return MultiLabelLoss.builder().setLoss(loss, labels).build();
    }

    /**
     * Creates a {@link MultiLabelLoss}, the average of one loss over several labels.
     *
     * @param name the display name
     * @param loss the loss of each label
     * @param labels the number of labels
     * @return the loss
     */
    public static MultiLabelLoss multiLabelLoss(String name, Loss loss, int labels) {
        return MultiLabelLoss.builder().optName(name).setLoss(loss, labels).build();
    }

    /**
     * Creates a {@link WeightedSumLoss} with all weights 1: Objective = Loss + Regularization.
     *
     * @param losses the losses
     * @return their sum
     */
    public static WeightedSumLoss sum(Loss... losses) {
        WeightedSumLoss.Builder builder = WeightedSumLoss.builder();
        for (Loss loss : losses) {
            builder.addLoss(loss);
        }
        return builder.build();
    }

    // ------------------------------------------------------------------ regularization

    /**
     * Creates an {@link L1Regularization}, λ Σ |w| over the weights of a block.
     *
     * @param block the block
     * @param lambda the strength
     * @return the loss
     */
    public static L1Regularization l1Regularization(Block block, double lambda) {
        return L1Regularization.builder().setBlock(block).optLambda(lambda).build();
    }

    /**
     * Creates an {@link L2Regularization}, λ Σ w² over the weights of a block.
     *
     * @param block the block
     * @param lambda the strength
     * @return the loss
     */
    public static L2Regularization l2Regularization(Block block, double lambda) {
        return L2Regularization.builder().setBlock(block).optLambda(lambda).build();
    }

    /**
     * Creates an {@link ElasticNetRegularization}, λ1 Σ |w| + λ2 Σ w² over the weights of a block.
     *
     * @param block the block
     * @param lambda1 the strength of the L1 penalty
     * @param lambda2 the strength of the L2 penalty
     * @return the loss
     */
    public static ElasticNetRegularization elasticNetRegularization(
            Block block, double lambda1, double lambda2) {
        return ElasticNetRegularization.builder()
                .setBlock(block)
                .optLambda1(lambda1)
                .optLambda2(lambda2)
                .build();
    }
}
