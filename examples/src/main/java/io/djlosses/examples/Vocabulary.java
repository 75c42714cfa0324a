/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.Model;
import ai.djl.modality.nlp.DefaultVocabulary;
import ai.djl.modality.nlp.embedding.TrainableWordEmbedding;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.api.Reduction;
import io.djlosses.examples.support.Batches;
import io.djlosses.examples.support.Column;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.Networks;
import io.djlosses.examples.support.SeedOption;
import io.djlosses.examples.support.Text;
import io.djlosses.examples.support.TextTable;
import io.djlosses.examples.support.Training;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxWithLoss;
import io.djlosses.vocabulary.CandidateSampler;
import io.djlosses.vocabulary.SampledSoftmaxLoss;
import io.djlosses.vocabulary.VocabularyHead;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.List;
import java.util.Locale;
import java.util.Random;

/** The next word of a book, by four ways to spare the softmax over all its words. */
@Command(
        name = "vocabulary",
        description = "The next word of a book: full, adaptive, sampled and chunked softmax.")
final class Vocabulary extends ExampleCommand {

    private static final int CONTEXT = 3;
    private static final int FEATURES = 64;
    private static final double LEARNED = 0.9;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "4",
            description = "How often the text is read.")
    private int epochs;

    @Mixin private SeedOption seed;

    @Override
    public void run() {
        Text text = Text.alice(LEARNED);
        int size = text.vocabulary().size();
        int learned = (int) (text.words().size() * LEARNED);
        print("%d words of text, %d of them different", text.words().size(), size);
        TextTable table = new TextTable("softmax", "perplexity", "ms a step");
        for (Kind kind : Kind.values()) {
            Batches training = batches(text.words().subList(0, learned), seed.random(0));
            Batches heldOut = batches(text.words().subList(learned, text.words().size()), null);
            Judge judge = new Judge();
            train(kind, text, judge, training, heldOut);
            table.add(
                    kind.title,
                    String.format(Locale.ROOT, "%.1f", judge.perplexity),
                    String.format(
                            Locale.ROOT,
                            "%.2f",
                            judge.nanoseconds / 1e6 / (epochs * training.count())));
        }
        print("%s", table);
        print("Perplexity by all words, on the last tenth of the text");
    }

    private void train(Kind kind, Text text, Judge judge, Batches training, Batches heldOut) {
        int size = text.vocabulary().size();
        SequentialBlock network =
                new SequentialBlock()
                        .add(list -> new NDList(list.get(0).toType(DataType.INT64, false)))
                        .add(
                                TrainableWordEmbedding.builder()
                                        .setEmbeddingSize(32)
                                        .setVocabulary(new DefaultVocabulary(text.vocabulary()))
                                        .build())
                        .add(Blocks.batchFlattenBlock())
                        .add(Linear.builder().setUnits(FEATURES).build())
                        .add(Activation::relu)
                        .add(kind.head(size));
        network.setInitializer(Networks.uniform(seed.random(1)), Parameter.Type.WEIGHT);
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(kind.loss())
                        .optOptimizer(Training.adam(0.003f))
                        .addTrainingListeners(judge);
        try (Model model = Model.newInstance("words", engine().getEngineName())) {
            model.setBlock(network);
            Training.fit(model, config, epochs, training, heldOut);
        }
    }

    /** Pairs each word with the words before it. */
    private static Batches batches(List<Integer> words, @Nullable Random order) {
        double[][] contexts = new double[words.size() - CONTEXT][CONTEXT];
        int[] next = new int[contexts.length];
        for (int i = 0; i < contexts.length; i++) {
            for (int k = 0; k < CONTEXT; k++) {
                contexts[i][k] = words.get(i + k);
            }
            next[i] = words.get(i + CONTEXT);
        }
        return new Batches(
                List.of(Column.of(contexts)), List.of(Column.ofClasses(next)), 128, order);
    }

    /** Measures the perplexity on held-out text, and the time that training takes. */
    private static final class Judge extends TrainingListenerAdapter {

        private static final String HELD_OUT = "held-out";

        private double perplexity;
        private long nanoseconds;
        private long start;
        private boolean training;

        @Override
        public void onTrainingBegin(Trainer trainer) {
            trainer.getLoss().addAccumulator(HELD_OUT);
            resume();
        }

        @Override
        public void onValidationBatch(Trainer trainer, BatchData batch) {
            if (training) {
                nanoseconds += System.nanoTime() - start;
                training = false;
            }
            batch.getPredictions()
                    .forEach(
                            (device, predictions) ->
                                    trainer.getLoss()
                                            .updateAccumulator(
                                                    HELD_OUT,
                                                    batch.getLabels().get(device),
                                                    predictions));
        }

        @Override
        public void onEpoch(Trainer trainer) {
            perplexity = Math.exp(trainer.getLoss().getAccumulator(HELD_OUT));
            trainer.getLoss().resetAccumulator(HELD_OUT);
            resume();
        }

        private void resume() {
            start = System.nanoTime();
            training = true;
        }
    }

    /** The last layer and the loss that belongs to it. */
    private enum Kind {
        FULL("full"),
        ADAPTIVE("adaptive"),
        SAMPLED("sampled, 200 words"),
        CHUNKED("chunked linear");

        private final String title;

        Kind(String title) {
            this.title = title;
        }

        Block head(int words) {
            return switch (this) {
                case FULL -> Linear.builder().setUnits(words).build();
                case ADAPTIVE ->
                        AdaptiveLogSoftmaxWithLoss.builder()
                                .setInFeatures(FEATURES)
                                .setNClasses(words)
                                .setCutoffs(200, 800)
                                .build();
                case SAMPLED -> VocabularyHead.forSampledSoftmax(words);
                case CHUNKED -> VocabularyHead.forLinearCrossEntropy(words);
            };
        }

        Loss loss() {
            return switch (this) {
                case FULL -> Losses.crossEntropyLoss();
                case ADAPTIVE -> Losses.adaptiveLogSoftmaxLoss();
                case SAMPLED ->
                        SampledSoftmaxLoss.builder()
                                .setNumSampled(200)
                                .optSampler(CandidateSampler.LOG_UNIFORM)
                                .optReduction(Reduction.MEAN)
                                .optSeed(1)
                                .build();
                case CHUNKED -> Losses.linearCrossEntropyLoss();
            };
        }
    }
}
