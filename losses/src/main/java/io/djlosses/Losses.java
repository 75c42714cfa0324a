/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses;

import ai.djl.nn.Block;
import ai.djl.training.loss.Loss;

import io.djlosses.binary.BCELoss;
import io.djlosses.binary.BCEWithLogitsLoss;
import io.djlosses.binary.FocalLoss;
import io.djlosses.binary.GHMCLoss;
import io.djlosses.binary.HingeLoss;
import io.djlosses.binary.LogisticLoss;
import io.djlosses.binary.SigmoidFocalLoss;
import io.djlosses.binary.SoftMarginLoss;
import io.djlosses.binary.SquaredHingeLoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.classification.MultiLabelMarginLoss;
import io.djlosses.classification.MultiLabelSoftMarginLoss;
import io.djlosses.classification.MultiMarginLoss;
import io.djlosses.classification.NLLLoss;
import io.djlosses.classification.SoftmaxCrossEntropyWithLogits;
import io.djlosses.classification.SoftmaxFocalLoss;
import io.djlosses.composite.MultiLabelLoss;
import io.djlosses.composite.WeightedSumLoss;
import io.djlosses.distribution.GaussianNLLLoss;
import io.djlosses.distribution.KLDivLoss;
import io.djlosses.distribution.PoissonNLLLoss;
import io.djlosses.embedding.CosineEmbeddingLoss;
import io.djlosses.embedding.CosineSimilarityLoss;
import io.djlosses.embedding.HingeEmbeddingLoss;
import io.djlosses.embedding.SDMLLoss;
import io.djlosses.embedding.TripletMarginLoss;
import io.djlosses.embedding.TripletMarginWithDistanceLoss;
import io.djlosses.ranking.MarginRankingLoss;
import io.djlosses.regression.GHMRLoss;
import io.djlosses.regression.HuberLoss;
import io.djlosses.regression.L1Loss;
import io.djlosses.regression.LogCoshLoss;
import io.djlosses.regression.MSELoss;
import io.djlosses.regression.RMSELoss;
import io.djlosses.regression.SmoothL1Loss;
import io.djlosses.regularization.ElasticNetRegularization;
import io.djlosses.regularization.L1Regularization;
import io.djlosses.regularization.L2Regularization;
import io.djlosses.segmentation.DiceLoss;
import io.djlosses.segmentation.MultiClassDiceLoss;
import io.djlosses.sequence.CTCLoss;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxLoss;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxWithLoss;
import io.djlosses.vocabulary.LinearCrossEntropyLoss;
import io.djlosses.vocabulary.SampledSoftmaxLoss;

/**
 * Creates the losses of the library with their default options. To set options, use the builder of
 * a loss: {@code HuberLoss.builder().optDelta(2).build()}.
 */
public final class Losses {

    private Losses() {}

    // ------------------------------------------------------------------ regression

    /**
     * Creates a {@link GHMRLoss}, the gradient-harmonized smooth L1 loss.
     *
     * @return the loss
     */
    public static GHMRLoss ghmrLoss() {
        return GHMRLoss.builder().build();
    }

    /**
     * Creates a {@link HuberLoss}, the squared error with linear tails, which is robust to
     * outliers.
     *
     * @return the loss
     */
    public static HuberLoss huberLoss() {
        return HuberLoss.builder().build();
    }

    /**
     * Creates an {@link L1Loss}, the absolute error.
     *
     * @return the loss
     */
    public static L1Loss l1Loss() {
        return L1Loss.builder().build();
    }

    /**
     * Creates a {@link LogCoshLoss}, the squared error with smooth linear tails.
     *
     * @return the loss
     */
    public static LogCoshLoss logCoshLoss() {
        return LogCoshLoss.builder().build();
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
     * Creates an {@link RMSELoss}, the root mean squared error.
     *
     * @return the loss
     */
    public static RMSELoss rmseLoss() {
        return RMSELoss.builder().build();
    }

    /**
     * Creates a {@link SmoothL1Loss}, the absolute error, smoothed around 0.
     *
     * @return the loss
     */
    public static SmoothL1Loss smoothL1Loss() {
        return SmoothL1Loss.builder().build();
    }

    // ------------------------------------------------------------------ binary

    /**
     * Creates a {@link BCELoss}, the binary cross entropy of probabilities.
     *
     * @return the loss
     */
    public static BCELoss bceLoss() {
        return BCELoss.builder().build();
    }

    /**
     * Creates a {@link BCEWithLogitsLoss}, the binary cross entropy of logits.
     *
     * @return the loss
     */
    public static BCEWithLogitsLoss bceWithLogitsLoss() {
        return BCEWithLogitsLoss.builder().build();
    }

    /**
     * Creates a {@link FocalLoss}, the binary focal loss of probabilities.
     *
     * @return the loss
     */
    public static FocalLoss focalLoss() {
        return FocalLoss.builder().build();
    }

    /**
     * Creates a {@link GHMCLoss}, the gradient-harmonized binary cross entropy of logits.
     *
     * @return the loss
     */
    public static GHMCLoss ghmcLoss() {
        return GHMCLoss.builder().build();
    }

    /**
     * Creates a {@link HingeLoss}, the hinge loss for labels −1 and 1.
     *
     * @return the loss
     */
    public static HingeLoss hingeLoss() {
        return HingeLoss.builder().build();
    }

    /**
     * Creates a {@link LogisticLoss}, the logistic loss of a score.
     *
     * @return the loss
     */
    public static LogisticLoss logisticLoss() {
        return LogisticLoss.builder().build();
    }

    /**
     * Creates a {@link SigmoidFocalLoss}, the binary focal loss of logits.
     *
     * @return the loss
     */
    public static SigmoidFocalLoss sigmoidFocalLoss() {
        return SigmoidFocalLoss.builder().build();
    }

    /**
     * Creates a {@link SoftMarginLoss}, the logistic loss for labels −1 and 1.
     *
     * @return the loss
     */
    public static SoftMarginLoss softMarginLoss() {
        return SoftMarginLoss.builder().build();
    }

    /**
     * Creates a {@link SquaredHingeLoss}, the squared hinge loss for labels −1 and 1.
     *
     * @return the loss
     */
    public static SquaredHingeLoss squaredHingeLoss() {
        return SquaredHingeLoss.builder().build();
    }

    // ------------------------------------------------------------------ classification

    /**
     * Creates a {@link CrossEntropyLoss}, the cross entropy of logits over exclusive classes.
     *
     * @return the loss
     */
    public static CrossEntropyLoss crossEntropyLoss() {
        return CrossEntropyLoss.builder().build();
    }

    /**
     * Creates a {@link MultiLabelMarginLoss}, the multi-class hinge loss for samples with several
     * classes.
     *
     * @return the loss
     */
    public static MultiLabelMarginLoss multiLabelMarginLoss() {
        return MultiLabelMarginLoss.builder().build();
    }

    /**
     * Creates a {@link MultiLabelSoftMarginLoss}, the binary cross entropy averaged over the
     * classes of a sample.
     *
     * @return the loss
     */
    public static MultiLabelSoftMarginLoss multiLabelSoftMarginLoss() {
        return MultiLabelSoftMarginLoss.builder().build();
    }

    /**
     * Creates a {@link MultiMarginLoss}, the multi-class hinge loss for exclusive classes.
     *
     * @return the loss
     */
    public static MultiMarginLoss multiMarginLoss() {
        return MultiMarginLoss.builder().build();
    }

    /**
     * Creates an {@link NLLLoss}, the negative log-likelihood of a class.
     *
     * @return the loss
     */
    public static NLLLoss nllLoss() {
        return NLLLoss.builder().build();
    }

    /**
     * Creates a {@link SoftmaxCrossEntropyWithLogits}, MindSpore's cross entropy, with one value
     * per sample.
     *
     * @return the loss
     */
    public static SoftmaxCrossEntropyWithLogits softmaxCrossEntropyWithLogits() {
        return SoftmaxCrossEntropyWithLogits.builder().build();
    }

    /**
     * Creates a {@link SoftmaxFocalLoss}, the focal loss for exclusive classes.
     *
     * @return the loss
     */
    public static SoftmaxFocalLoss softmaxFocalLoss() {
        return SoftmaxFocalLoss.builder().build();
    }

    // ------------------------------------------------------------------ segmentation

    /**
     * Creates a {@link DiceLoss}, one minus the Dice coefficient of two sets.
     *
     * @return the loss
     */
    public static DiceLoss diceLoss() {
        return DiceLoss.builder().build();
    }

    /**
     * Creates a {@link MultiClassDiceLoss}, the average of the Dice losses of all classes.
     *
     * @return the loss
     */
    public static MultiClassDiceLoss multiClassDiceLoss() {
        return MultiClassDiceLoss.builder().build();
    }

    // ------------------------------------------------------------------ distribution

    /**
     * Creates a {@link GaussianNLLLoss}, the negative log-likelihood of a normal distribution.
     *
     * @return the loss
     */
    public static GaussianNLLLoss gaussianNLLLoss() {
        return GaussianNLLLoss.builder().build();
    }

    /**
     * Creates a {@link KLDivLoss}, the Kullback-Leibler divergence.
     *
     * @return the loss
     */
    public static KLDivLoss klDivLoss() {
        return KLDivLoss.builder().build();
    }

    /**
     * Creates a {@link PoissonNLLLoss}, the negative log-likelihood of counts under a Poisson
     * distribution.
     *
     * @return the loss
     */
    public static PoissonNLLLoss poissonNLLLoss() {
        return PoissonNLLLoss.builder().build();
    }

    // ------------------------------------------------------------------ embedding

    /**
     * Creates a {@link CosineEmbeddingLoss}, the cosine loss of similar and dissimilar pairs.
     *
     * @return the loss
     */
    public static CosineEmbeddingLoss cosineEmbeddingLoss() {
        return CosineEmbeddingLoss.builder().build();
    }

    /**
     * Creates a {@link CosineSimilarityLoss}, the cosine distance.
     *
     * @return the loss
     */
    public static CosineSimilarityLoss cosineSimilarityLoss() {
        return CosineSimilarityLoss.builder().build();
    }

    /**
     * Creates a {@link HingeEmbeddingLoss}, the hinge loss of distances between embeddings.
     *
     * @return the loss
     */
    public static HingeEmbeddingLoss hingeEmbeddingLoss() {
        return HingeEmbeddingLoss.builder().build();
    }

    /**
     * Creates an {@link SDMLLoss}, the smoothed deep metric learning loss.
     *
     * @return the loss
     */
    public static SDMLLoss sdmlLoss() {
        return SDMLLoss.builder().build();
    }

    /**
     * Creates a {@link TripletMarginLoss}, the triplet loss.
     *
     * @return the loss
     */
    public static TripletMarginLoss tripletMarginLoss() {
        return TripletMarginLoss.builder().build();
    }

    /**
     * Creates a {@link TripletMarginWithDistanceLoss}, the triplet loss with a custom distance.
     *
     * @return the loss
     */
    public static TripletMarginWithDistanceLoss tripletMarginWithDistanceLoss() {
        return TripletMarginWithDistanceLoss.builder().build();
    }

    // ------------------------------------------------------------------ ranking

    /**
     * Creates a {@link MarginRankingLoss}, the hinge loss for the order of two scores.
     *
     * @return the loss
     */
    public static MarginRankingLoss marginRankingLoss() {
        return MarginRankingLoss.builder().build();
    }

    // ------------------------------------------------------------------ sequence

    /**
     * Creates a {@link CTCLoss}, the loss of unaligned sequences.
     *
     * @return the loss
     */
    public static CTCLoss ctcLoss() {
        return CTCLoss.builder().build();
    }

    // ------------------------------------------------------------------ vocabulary

    /**
     * Creates an {@link AdaptiveLogSoftmaxLoss}, which trains an {@link AdaptiveLogSoftmaxWithLoss}
     * block.
     *
     * @return the loss
     */
    public static AdaptiveLogSoftmaxLoss adaptiveLogSoftmaxLoss() {
        return AdaptiveLogSoftmaxLoss.builder().build();
    }

    /**
     * Creates a {@link LinearCrossEntropyLoss}, the cross entropy of a linear layer without all of
     * its logits.
     *
     * @return the loss
     */
    public static LinearCrossEntropyLoss linearCrossEntropyLoss() {
        return LinearCrossEntropyLoss.builder().build();
    }

    /**
     * Creates a {@link SampledSoftmaxLoss}, the cross entropy among a few sampled classes.
     *
     * @param numSampled the number of classes to draw
     * @return the loss
     */
    public static SampledSoftmaxLoss sampledSoftmaxLoss(int numSampled) {
        return SampledSoftmaxLoss.builder().setNumSampled(numSampled).build();
    }

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
}
