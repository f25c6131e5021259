// What gocv v0.31.0 lacks of OpenCV's DNN module.
#ifdef __cplusplus
extern "C" {
#endif
// alprd_one_thread makes OpenCV compute on the calling thread only.
void alprd_one_thread(void);
// alprd_forward runs net (cv::dnn::Net*) and puts the outputs of the given names into mats (cv::Mat*). It answers 0, or
// -1 with the reason in why.
int alprd_forward(void *net, char **names, void **mats, int n, char *why, int whylen);
#ifdef __cplusplus
}
#endif
